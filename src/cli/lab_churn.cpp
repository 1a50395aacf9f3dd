// uncork lab churn: namespaces that come and go, and a watcher that must see them all.

#include <memory>

#include "cli/lab.hpp"
#include "cli/lab_soak.hpp"
#include "cli/output.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "lab/churn/churn.hpp"

namespace uncork::cli {
namespace {

struct ChurnArguments {
  lab::ChurnOptions options;
  bool json = false;
};

Exit run_scenario(const ChurnArguments& arguments) {
  const lab::ChurnOptions& options = arguments.options;
  core::StopSignal stop;
  const auto result = [&] {
    SoakLine line(stop, options.duration);
    return lab::run_churn(options, line.observer());
  }();
  if (!result) return report_error(result.error());
  if (arguments.json) {
    put_line(lab::churn_json(*result).dump());
  } else {
    print_page(fmt::format(
        "'uncork sockets' looks every {} at {} network namespaces with {} sockets each, and at {} others of "
        "which one is deleted and one made every {}. Each row is compared with what its socket's owner "
        "knows.\n\n",
        core::to_string(options.poll), result->lasting, options.sockets, options.namespaces, core::to_string(options.every)));
    print_page(lab::churn_text(*result));
  }
  return lab::all_passed(result->criteria) ? Exit::ok : Exit::found;
}

}  // namespace

void add_lab_churn(const Verb& lab, Action& chosen) {
  const Verb verb =
      lab.add_subcommand("churn", "Make and delete network namespaces without pause, and check what is seen of them");
  verb.footer(
      "Example:\n  uncork lab churn --namespaces 50 --for 30s\n\n"
      "Needs root. Exit code 0 when every criterion was measured and met, 1 when one was not.");
  const auto arguments = std::make_shared<ChurnArguments>();
  lab::ChurnOptions& options = arguments->options;
  add_count(verb, "--namespaces", options.namespaces, 2, 100'000, "Have N namespaces come and go, and a quarter as many last");
  add_duration(verb, "--every", options.every, "Delete one and make one this often (default 100ms)", Zero::refused);
  add_count(verb, "--sockets", options.sockets, 1, 100'000, "Hold N sockets in each that lasts, at most seven in the others");
  add_duration(verb, "--poll", options.poll, "Look this often (default 1s)", Zero::refused);
  add_duration(verb, "--for", options.duration, "Go on for this time (default 2m)", Zero::refused);
  verb.add_flag("--json", arguments->json, "Print one JSON document at the end");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_scenario(*arguments); }; });
}

}  // namespace uncork::cli
