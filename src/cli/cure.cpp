// uncork cure: TCP_NODELAY on running processes, from outside; or, where their peers hold, earlier acknowledgements.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/cure/options.hpp"
#include "cli/cure/parts.hpp"
#include "cli/cure/selecting.hpp"
#include "cli/verb.hpp"
#include "cure/state_directory.hpp"

namespace uncork::cli {
namespace {

/// `4242`, or several: `4242,4243`.
core::Result<std::vector<std::int32_t>> parse_pids(const std::string& argument, const std::string& text) {
  std::vector<std::int32_t> pids;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto pid = parse_pid(argument, text.substr(begin, end - begin));
    if (!pid) return core::fail(pid.error());
    if (std::ranges::find(pids, *pid) == pids.end()) pids.push_back(*pid);
    begin = end + 1;
  }
  return pids;
}

core::Result<std::string> parse_word(const std::string& argument, const std::string& text) {
  if (!text.empty()) return text;
  return core::fail(core::invalid_argument(argument + " '': a name is wanted"));
}

Exit cure(const CureArguments& arguments) {
  const auto selector = selector_of(arguments);
  if (!selector) return report_error(selector.error());
  const cure::CureOptions options{arguments.port, cure::state_directory_path(arguments.option()), arguments.option()};
  if (arguments.trial) return cure_trial(arguments, options, *selector);
  return arguments.watch ? cure_watch(arguments, options, *selector) : cure_once(arguments, options, *selector);
}

constexpr const char* kFooter =
    "It changes that one option, on a duplicate of the descriptor; the process is neither stopped nor written to.\n"
    "--port alone means the processes that serve that port, or, if none is here, those connected to it.\n"
    "It needs Linux 5.6, and either the process's own user (where Yama allows it) or CAP_SYS_PTRACE.\n\n"
    "Example:\n"
    "  uncork cure --pid 4242 --port 8001 --watch   cure its connections and each new one\n"
    "  uncork cure --port 8001                      cure whoever serves port 8001\n"
    "  uncork cure --port 8001 --quickack --watch   let its peers wait 8 ms for an acknowledgement, not 40\n"
    "  uncork cure --port 8001 --trial 30s          try whether it helps, and keep it if it does\n"
    "  uncork cure --comm nginx --undo              put everything back";

}  // namespace

void add_cure(const Verb& program, Action& chosen) {
  auto arguments = std::make_shared<CureArguments>();
  Verb verb = program.add_subcommand("cure", "End the stalls of running processes: set TCP_NODELAY on their connections");
  add_parsed(verb, "--pid", arguments->pids, "PID", "Cure this process, or several: 4242,4243", parse_pids);
  add_parsed(verb, "--comm", arguments->command, "NAME", "Cure every process of this name, as ps -o comm shows it", parse_word);
  add_port(verb, "--port", arguments->port,
           "Cure whoever serves this port; with another of these: change only connections with this local or remote port");
  add_parsed(verb, "--cgroup", arguments->cgroup, "PATH", "Cure every process in this control group and below", parse_word);
  add_parsed(verb, "--container", arguments->container, "ID", "Cure every process in this container, by id or name", parse_word);
  verb.add_flag("--tree", arguments->tree, "And whatever these have started");
  const Option watching =
      verb.add_flag("--watch", arguments->watch,
                    "Keep curing new connections and new processes, until Ctrl-C or until the given ones have ended");
  add_duration(verb, "--for", arguments->watch_for, "With --watch: stop after this time, such as 30s", Zero::refused)
      .needs(watching);
  const Option hurrying =
      verb.add_flag("--quickack", arguments->quickack,
                    "Acknowledge sooner instead: for the receiving end, where the sender cannot be changed; Linux 6.15");
  const Option undoing =
      verb.add_flag("--undo", arguments->undo, "Restore what earlier cures of these processes changed, and nothing else");
  undoing.excludes(watching);
  const Option trying = add_duration(verb, "--trial", arguments->trial,
                                     "Turn it on and off for this time, measure, and keep it only if it gains", Zero::refused);
  trying.excludes(watching).excludes(undoing).excludes(hurrying);
  add_duration(verb, "--window", arguments->window, "With --trial: the length of a window (default: a tenth, 2 s at most)",
               Zero::refused)
      .needs(trying);
  verb.add_flag("--json", arguments->json, "Print one JSON object per line");
  verb.footer(kFooter);
  verb.callback([arguments, &chosen] { chosen = [arguments] { return cure(*arguments); }; });
}

}  // namespace uncork::cli
