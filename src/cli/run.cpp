// uncork run: a command that is cured from its first byte.

#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "command/command.hpp"
#include "core/count.hpp"
#include "core/json.hpp"
#include "cure/cured_group.hpp"
#include "cure/option.hpp"
#include "cure/preload.hpp"
#include "report/printable.hpp"
#include "report/verdict_json.hpp"

namespace uncork::cli {
namespace {

/// How often it is looked whether those that the command left have ended.
constexpr core::Micros kLookEvery{100'000};

struct RunArguments {
  std::vector<std::string> command;
  bool merge = false;
  bool json = false;
};

/// What is done to the command, and why the rest is not.
struct Cure {
  std::unique_ptr<cure::CuredGroup> group;
  std::string library;
  std::string why_no_group;
  std::string why_no_merge;
};

std::string why_no_merge(const std::string& program) {
  const auto path = cure::find_in_path(program);
  if (!path) return "";  // the command will say it
  const auto why = cure::why_not_preloaded(*path);
  return why ? report::printable(*path) + ": " + *why : "";
}

Cure prepare(const RunArguments& arguments) {
  Cure cure;
  auto group = cure::CuredGroup::make(cure::shortest_ack_delay());
  if (group) {
    cure.group = std::move(*group);
  } else {
    cure.why_no_group = group.error().message;
  }
  if (!arguments.merge) return cure;
  const auto library = cure::merging_library();
  cure.why_no_merge = library ? why_no_merge(arguments.command.front()) : library.error().message;
  if (library && cure.why_no_merge.empty()) cure.library = *library;
  return cure;
}

std::vector<std::string> variables(const Cure& cure) {
  if (cure.library.empty()) return {};
  const char* others = std::getenv("LD_PRELOAD");
  const std::string rest = others == nullptr || *others == '\0' ? "" : ":" + std::string(others);
  return {"LD_PRELOAD=" + cure.library + rest};
}

void say_end(const Cure& cure) {
  if (cure.group == nullptr) return;
  const cure::CuredCounts counts = cure.group->counts();
  std::string line = "TCP_NODELAY was on from the first byte at " + core::count_of(counts.connections, "connection end");
  if (counts.kept != 0)
    line += fmt::format("; the program turned it off {}, and it was kept on", core::count_of(counts.kept, "time"));
  if (counts.refused != 0) line += fmt::format("; the kernel refused it on {}", counts.refused);
  if (counts.slow_acks != 0) line += fmt::format("; {} keep the kernel's delay of acknowledgements", counts.slow_acks);
  say("uncork run: {}\n", line);
}

void say_json(const RunArguments& arguments, const Cure& cure, int exit) {
  const cure::CuredCounts counts = cure.group == nullptr ? cure::CuredCounts{} : cure.group->counts();
  const core::Json summary = {{"type", "summary"},
                              {"command", arguments.command},
                              {"command_exit", exit},
                              {"nodelay", cure.group != nullptr || !cure.library.empty()},
                              {"bpf", cure.group != nullptr},
                              {"merge", !cure.library.empty()},
                              {"connections", counts.connections},
                              {"refused", counts.refused},
                              {"kept_on", counts.kept},
                              {"slow_acks", counts.slow_acks},
                              {"why_no_bpf", cure.why_no_group},
                              {"why_no_merge", cure.why_no_merge}};
  put_error(report::json_line(summary));
}

/// The exit code of the command, once it and all that it has left have ended.
int wait_for_all(command::Command& command, bool quiet) {
  std::optional<int> exit;
  while (!(exit = command.wait_until(core::MonotonicClock::now() + core::Micros(60'000'000)))) {
  }
  if (!quiet && command.has_leftovers())
    say("uncork run: the command has ended; the processes that it left running stay cured until they end\n");
  while (command.has_leftovers()) command.pause(core::MonotonicClock::now() + kLookEvery);
  return *exit;
}

Exit run(const RunArguments& arguments) {
  command::Command command;
  const Cure cure = prepare(arguments);
  if (cure.group == nullptr && cure.library.empty()) {
    say("uncork: {}\n", cure.why_no_group);
    say("uncork: {}\n", !arguments.merge ? "without BPF, --merge can cure programs that are linked dynamically"
                                         : "--merge cannot help either: " + cure.why_no_merge);
    return Exit::not_possible;
  }
  if (!arguments.json) {
    if (cure.group == nullptr) say("uncork run: only by merging writes: {}\n", cure.why_no_group);
    if (!cure.why_no_merge.empty()) say("uncork run: writes are not merged: {}\n", cure.why_no_merge);
  }
  const auto started = command.start({.words = arguments.command,
                                      .variables = variables(cure),
                                      .cgroup_procs = cure.group == nullptr ? -1 : cure.group->procs()});
  if (!started) {
    report_error(started.error());
    if (started.error().code == core::ErrorCode::not_supported) return Exit::not_possible;
    return passed_on(command::exit_code_of(started.error()));
  }
  const int exit = wait_for_all(command, arguments.json);
  if (arguments.json) {
    say_json(arguments, cure, exit);
  } else {
    say_end(cure);
  }
  return passed_on(exit);
}

constexpr const char* kFooter =
    "Every TCP connection of the command and of what it starts has TCP_NODELAY from the moment it is established, and keeps it. "
    "The\n"
    "command's input, output, signals and exit code pass through; what uncork says goes to standard error.\n\n"
    "Example:\n"
    "  uncork run --merge -- python3 server.py";

}  // namespace

void add_run(const Verb& program, Action& chosen) {
  const auto arguments = std::make_shared<RunArguments>();
  const Verb verb = program.add_subcommand("run", "Run a command whose connections cannot stall, from their first byte");
  verb.add_flag("--merge", arguments->merge,
                "Also send the writes between two reads or waits together, by a library that is loaded into the program");
  verb.add_flag("--json", arguments->json, "Print one JSON object on standard error at the end, and nothing else");
  verb.add_command(arguments->command, "Run this program with these arguments; put them after --", Verb::Dashes::optional)
      .required();
  verb.footer(kFooter);
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace uncork::cli
