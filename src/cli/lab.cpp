// uncork lab: reproduces a stall and its cure, side by side, on this machine.

#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/lab.hpp"
#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "lab/chatty/chatty.hpp"
#include "lab/chatty/chatty_report.hpp"
#include "lab/chatty/line_server.hpp"
#include "probe/open_source.hpp"

namespace uncork::cli {
namespace {

struct LabArguments {
  lab::ChattyOptions chatty;
  bool json = false;
  bool named = false;  // `lab chatty`, not `lab`
};

void show_progress(std::size_t cell, unsigned done, unsigned of) {
  const std::size_t cells = lab::chatty_setups().size();
  const std::string what = cell < cells ? fmt::format("cell {} of {}", cell + 1, cells) : "the cure";
  say("\r\x1b[K{}, {} of {} exchanges", what, done, of);
}

void clear_progress() { say("\r\x1b[K"); }

Exit run_lab(const LabArguments& arguments) {
  core::StopSignal stop;
  const auto opened = probe::open_source({});
  if (!opened) return report_error(opened.error());
  const bool progress = terminal_width(2) > 0;
  if (!opened->why_sampled.empty()) {
    say("uncork lab: sampled, not witnessed by the kernel: {}\n", opened->why_sampled);
  }
  if (!arguments.json) {
    print_page(
        fmt::format("A server answers each request with {} lines; a blocking client makes {} exchanges per cell. NAGLE is the "
                    "setting of the last sender before the client: the server, or the relay (uncork proxy), behind which the "
                    "server has TCP_NODELAY.{}\n\n{}",
                    arguments.chatty.lines, arguments.chatty.exchanges,
                    opened->why_sampled.empty() ? "" : " WR/EX, HELD and SHARE are sampled, not witnessed by the kernel.",
                    lab::chatty_heading()));
    flush();
  }
  lab::ChattyObserver observer;
  observer.on_cell = [&](const lab::Cell& cell) {
    if (progress) clear_progress();
    if (!arguments.json) print_page(lab::chatty_line(cell));
    flush();
  };
  observer.on_progress = [&](std::size_t cell, unsigned done) {
    if (progress && done % 10 == 0) show_progress(cell, done, arguments.chatty.exchanges);
    return !stop.stopped();
  };
  const auto result = lab::run_chatty(arguments.chatty, *opened->source, observer);
  if (progress) clear_progress();
  if (!result) return report_error(result.error());
  if (arguments.json) {
    put_line(lab::chatty_json(*result, opened->source->confidence()).dump());
  } else {
    print_page(fmt::format("\n{}\n{}", lab::cure_text(result->cure), lab::chatty_sentence(*result)));
    if (!arguments.named)
      print("\nScenarios: chatty (this one), churn, coalesce, field, heartbeat, http2, stress, transmit, zino.\n");
  }
  return result->passed() ? Exit::ok : Exit::found;
}

void add_chatty_options(const Verb& verb, LabArguments& arguments) {
  add_count(verb, "--exchanges", arguments.chatty.exchanges, 5, 100'000, "Make N exchanges per cell");
  add_count(verb, "--lines", arguments.chatty.lines, 2, 10'000, "Answer in N lines");
  verb.add_flag("--json", arguments.json, "Print one JSON document at the end");
}

/// The server under test, run by the lab as a process of its own.
void add_line_server(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("line-server", "");
  verb.hide();  // not for people: left out of the help
  const auto options = std::make_shared<lab::LineServerOptions>();
  add_endpoint(verb, "--listen", options->listen, "").required();
  add_choice<lab::Writes>(verb, "--writes", options->writes,
                          {{"per-line", lab::Writes::per_line}, {"coalesced", lab::Writes::coalesced}}, "");
  add_choice<lab::Nagle>(verb, "--nagle", options->nagle, {{"on", lab::Nagle::on}, {"off", lab::Nagle::off}}, "");
  add_count(verb, "--lines", options->lines, 2, 10'000, "");
  verb.callback([options, &chosen] {
    chosen = [options] {
      const auto served = lab::run_line_server(*options, [](const core::Endpoint& at) {
        print("listening on {}\n", core::to_string(at));
        flush();
      });
      return served ? Exit::ok : report_error(served.error());
    };
  });
}

}  // namespace

void add_lab(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("lab", "Reproduce a stall and its cure side by side, on this machine");
  verb.require_subcommand(0, 1);
  verb.footer(
      "Example:\n  uncork lab chatty --exchanges 50\n\nExit code 0 when every cell behaved as it must, 1 when one did not.");
  const auto arguments = std::make_shared<LabArguments>();
  add_chatty_options(verb, *arguments);
  const Verb chatty = verb.add_subcommand("chatty", "Write answers line by line or at once, directly and through a relay");
  chatty.footer("Example:\n  uncork lab chatty --lines 100 --json");
  add_chatty_options(chatty, *arguments);
  add_line_server(verb, chosen);
  add_lab_coalesce(verb, chosen);
  add_lab_transmit(verb, chosen);
  add_lab_heartbeat(verb, chosen);
  add_lab_http2(verb, chosen);
  add_lab_zino(verb, chosen);
  add_lab_field(verb, chosen);
  add_lab_churn(verb, chosen);
  add_lab_stress(verb, chosen);
  chatty.callback([arguments] { arguments->named = true; });
  verb.callback([arguments, verb, &chosen] {
    if (verb.has_subcommand() && !arguments->named) return;  // line-server has chosen for itself
    chosen = [arguments] { return run_lab(*arguments); };
  });
}

}  // namespace uncork::cli
