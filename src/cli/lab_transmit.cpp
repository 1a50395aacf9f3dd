// uncork lab transmit: a file in the fewest segments, and served as nginx serves it.

#include <memory>
#include <string>

#include "cli/lab.hpp"
#include "cli/output.hpp"
#include "core/stop_signal.hpp"
#include "lab/transmit/file_server.hpp"
#include "lab/transmit/transmit.hpp"
#include "probe/open_source.hpp"

namespace uncork::cli {
namespace {

struct TransmitArguments {
  lab::TransmitOptions options;
  bool json = false;
};

Exit run_scenario(const TransmitArguments& arguments) {
  core::StopSignal stop;
  const auto opened = probe::open_source({});
  if (!opened) return report_error(opened.error());
  const bool progress = terminal_width(2) > 0;
  std::string shown;
  const auto result = lab::run_transmit(arguments.options, *opened->source, [&](const std::string& what) {
    if (progress && what != shown) {
      say("\r\x1b[K{}", what);
      shown = what;
    }
    return !stop.stopped();
  });
  if (progress) say("\r\x1b[K");
  if (!result) return report_error(result.error());
  if (arguments.json) {
    put_line(lab::transmit_json(*result).dump());
  } else {
    print_page(fmt::format(
        "A head of {} bytes, a file and a tail of {} bytes go over a link with Ethernet's MTU to a peer that answers with one "
        "byte, {} times by each strategy on one warm connection. Then our file server and nginx serve {} bytes to one client "
        "in turn. LEAST, MEDIAN and WORST count segments.\n\n{}",
        lab::kHeadBytes, lab::kTailBytes, arguments.options.runs, arguments.options.large, lab::transmit_text(*result)));
  }
  if (!opened->why_sampled.empty()) {
    say("uncork lab: holds are not counted, since the kernel's witness is unavailable: {}\n", opened->why_sampled);
  }
  return lab::all_passed(result->criteria) ? Exit::ok : Exit::found;
}

/// Our server, run by the lab as a process of its own.
void add_file_server(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("file-server", "");
  verb.hide();  // not for people: left out of the help
  const auto options = std::make_shared<lab::FileServerOptions>();
  add_endpoint(verb, "--listen", options->listen, "").required();
  verb.add_option("--file", options->file, "").required();
  verb.callback([options, &chosen] {
    chosen = [options] {
      const auto served = lab::run_file_server(*options, [](const core::Endpoint& at) {
        print("listening on {}\n", core::to_string(at));
        flush();
      });
      return served ? Exit::ok : report_error(served.error());
    };
  });
}

}  // namespace

void add_lab_transmit(const Verb& lab, Action& chosen) {
  const Verb verb =
      lab.add_subcommand("transmit", "Send a file in six ways, count segments and stalls, and serve it beside nginx");
  verb.footer(
      "Example:\n  uncork lab transmit --runs 20\n\n"
      "Needs root. Exit code 0 when every criterion was measured and met, 1 when one was not.");
  const auto arguments = std::make_shared<TransmitArguments>();
  add_count(verb, "--runs", arguments->options.runs, 3, 10'000, "Make N exchanges of each size by each strategy");
  add_count(verb, "--rounds", arguments->options.rounds, 3, 1000, "Give both servers their turn in each of N rounds");
  const auto parse_mib = [](const std::string& argument, const std::string& text) {
    auto mib = parse_count(argument, text, 2, 4096);
    if (mib) *mib <<= 20U;
    return mib;
  };
  add_parsed(verb, "--large", arguments->options.large, "N", "Make the large file N MiB (default 64)", parse_mib);
  verb.add_flag("--json", arguments->json, "Print one JSON document at the end");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_scenario(*arguments); }; });
  add_file_server(lab, chosen);
}

}  // namespace uncork::cli
