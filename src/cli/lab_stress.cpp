// uncork lab stress: rows equal sockets at every look, however many there are.

#include <memory>

#include "cli/lab.hpp"
#include "cli/lab_soak.hpp"
#include "cli/output.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "lab/stress/stress.hpp"

namespace uncork::cli {
namespace {

struct StressArguments {
  lab::StressOptions options;
  bool json = false;
};

Exit run_scenario(const StressArguments& arguments) {
  const lab::StressOptions& options = arguments.options;
  core::StopSignal stop;
  const auto result = [&] {
    SoakLine line(stop, options.duration);
    return lab::run_stress(options, line.observer());
  }();
  if (!result) return report_error(result.error());
  if (arguments.json) {
    put_line(lab::stress_json(*result).dump());
  } else {
    print_page(
        fmt::format("'uncork sockets' looks every {} at {} network namespaces with {} sockets each, IPv4 and IPv6. Every {} "
                    "a connection is replaced and another opened and closed. Each row is compared with what its socket's "
                    "owner knows.\n\n",
                    core::to_string(options.poll), options.namespaces, options.sockets, core::to_string(options.every)));
    print_page(lab::stress_text(*result));
  }
  return lab::all_passed(result->criteria) ? Exit::ok : Exit::found;
}

}  // namespace

void add_lab_stress(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("stress", "Hold many sockets in many network namespaces, and check that each is seen");
  verb.footer(
      "Example:\n  uncork lab stress --namespaces 20 --sockets 250 --for 30s\n\n"
      "Needs root. Exit code 0 when every criterion was measured and met, 1 when one was not.");
  const auto arguments = std::make_shared<StressArguments>();
  lab::StressOptions& options = arguments->options;
  add_count(verb, "--namespaces", options.namespaces, 1, 10'000, "Hold sockets in N namespaces");
  add_count(verb, "--sockets", options.sockets, 5, 100'000, "Hold N in each");
  add_duration(verb, "--every", options.every, "Replace a connection this often (default 100ms)", Zero::refused);
  add_duration(verb, "--poll", options.poll, "Look this often (default 1s)", Zero::refused);
  add_duration(verb, "--for", options.duration, "Go on for this time (default 2m)", Zero::refused);
  verb.add_flag("--json", arguments->json, "Print one JSON document at the end");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_scenario(*arguments); }; });
}

}  // namespace uncork::cli
