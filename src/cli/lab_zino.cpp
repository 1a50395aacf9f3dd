// uncork lab zino: the published experiment, and an end to its round trips.

#include <memory>
#include <string>

#include "cli/lab.hpp"
#include "cli/output.hpp"
#include "core/count.hpp"
#include "core/stop_signal.hpp"
#include "lab/zino/experiment.hpp"
#include "lab/zino/report.hpp"
#include "probe/open_source.hpp"

namespace uncork::cli {
namespace {

struct ZinoArguments {
  lab::ZinoOptions options;
  lab::ZinoSetup setup;
  bool json = false;
};

void introduce(const lab::ZinoOptions& options) {
  print_page(
      fmt::format("A client lists {} of a Zino server: GETATTRS, GETHIST and GETLOG of each, one after the other. A: "
                  "directly. B: through a relay (uncork proxy) whose Nagle is on. C: the same, {:.0f} ms away each way. "
                  "NAGLE is the server's own. CHUNKS come from the server; HELD is what Nagle held, BY whom.\n\n{}",
                  core::count_of(options.events, "case"), core::to_ms(lab::kFarAway), lab::zino_heading()));
  flush();
}

Exit run_scenario(const ZinoArguments& arguments) {
  core::StopSignal stop;
  const auto opened = probe::open_source({});
  if (!opened) return report_error(opened.error());
  if (!opened->why_sampled.empty()) {
    say("uncork lab: what was held is not known, since the kernel's witness is unavailable: {}\n", opened->why_sampled);
  }
  if (!arguments.json) introduce(arguments.options);
  const bool progress = terminal_width(2) > 0;
  const std::size_t runs = lab::zino_setups(arguments.options).size();
  lab::ZinoObserver observer;
  observer.on_run = [&](const lab::ZinoRun& run) {
    if (progress) say("\r\x1b[K");
    if (!arguments.json) print_page(lab::zino_line(run));
    flush();
  };
  observer.on_progress = [&](std::size_t run, unsigned commands) {
    if (progress && commands % 10 == 0) {
      say("\r\x1b[Krun {} of {}, {} of {} commands", run + 1, runs, commands, 3 * arguments.options.events);
    }
    return !stop.stopped();
  };
  const auto result = lab::run_zino(arguments.options, *opened->source, observer);
  if (progress) say("\r\x1b[K");
  if (!result) return report_error(result.error());
  if (arguments.json) {
    put_line(lab::zino_json(*result).dump());
  } else {
    print_page("\n" + lab::zino_text(*result));
  }
  return lab::all_passed(result->criteria) ? Exit::ok : Exit::found;
}

void add_whole_table(const Verb& verb, ZinoArguments& arguments) {
  add_count(verb, "--events", arguments.options.events, 1, 100'000, "Make N open cases");
  add_choice<lab::ZinoClient>(verb, "--client", arguments.options.client,
                              {{"builtin", lab::ZinoClient::builtin}, {"zinolib", lab::ZinoClient::zinolib}},
                              "List with our client, or with the unmodified zinolib (default builtin)");
  add_choice<lab::ZinoServer>(verb, "--server", arguments.options.server,
                              {{"uncork", lab::ZinoServer::uncork}, {"zino2", lab::ZinoServer::zino2}},
                              "Serve with our server, or with the real Zino 2 (default uncork)");
  verb.add_option("--proxy-log", arguments.options.proxy_log, "Append every chunk that the relays receive to this file")
      .type_name("FILE");
  verb.add_flag("--json", arguments.json, "Print one JSON document at the end");
}

/// Options of which any one asks for a single run.
std::vector<Option> add_single_run(const Verb& verb, ZinoArguments& arguments) {
  const auto parse_ms = [](const std::string& argument, const std::string& text) -> core::Result<core::Micros> {
    const auto ms = parse_real(argument, text, 0, 10'000);
    if (!ms) return core::fail(ms.error());
    return core::Micros(static_cast<std::int64_t>(*ms * 1000));
  };
  std::optional<core::Micros>& delay = arguments.setup.relay_delay;
  const Option delayed =
      add_duration(verb, "--proxy-delay", delay, "Do one run, through a relay with this delay each way, such as 15ms");
  return {delayed,
          add_parsed(verb, "--proxy-delay-ms", delay, "N", "Set the same as a bare number of milliseconds", parse_ms)
              .excludes(delayed),
          add_choice<zino::Writes>(verb, "--writes", arguments.setup.writes,
                                   {{"coalesced", zino::Writes::coalesced}, {"per-line", zino::Writes::per_line}},
                                   "Do one run, with the server writing this way (default coalesced)"),
          add_choice<lab::Nagle>(verb, "--nagle", arguments.setup.nagle, {{"on", lab::Nagle::on}, {"off", lab::Nagle::off}},
                                 "Do one run, with the server's Nagle on or off (default off)"),
          add_count(verb, "--pipeline", arguments.setup.pipeline, 1, 1000, "Do one run, with N commands outstanding"),
          verb.add_flag("--front", arguments.setup.front, "Do one run, with uncork zino front beside the client")};
}

}  // namespace

void add_lab_zino(const Verb& lab, Action& chosen) {
  const Verb verb =
      lab.add_subcommand("zino", "Replay the published case: list a Zino server's cases through a relay; try two cures");
  verb.footer(
      "Example:\n  uncork lab zino --events 50 --proxy-delay 15ms --front --client zinolib\n\n"
      "Exit code 0 when every criterion was measured and met, 1 when one was not.");
  const auto arguments = std::make_shared<ZinoArguments>();
  add_whole_table(verb, *arguments);
  const auto single = add_single_run(verb, *arguments);
  verb.callback([arguments, single, &chosen] {
    const auto given = [](const Option& option) { return option.given(); };
    if (std::ranges::any_of(single, given)) {
      arguments->options.only = arguments->setup;
    }
    if (arguments->options.server == lab::ZinoServer::zino2 && (given(single[2]) || given(single[3]))) {
      refuse("--server zino2", "has no switch for --writes and --nagle: it writes each reply at once, with Nagle off");
    }
    if (arguments->options.client == lab::ZinoClient::zinolib && arguments->setup.pipeline > 1) {
      refuse("--client zinolib", "sends one command at a time: leave --pipeline to our own client");
    }
    chosen = [arguments] { return run_scenario(*arguments); };
  });
}

}  // namespace uncork::cli
