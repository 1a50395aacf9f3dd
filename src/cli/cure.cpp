// uncork cure: TCP_NODELAY on a running process, from outside.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "core/count.hpp"
#include "core/stop_signal.hpp"
#include "cure/nodelay.hpp"
#include "cure/process_identity.hpp"
#include "cure/render.hpp"
#include "cure/state_directory.hpp"

namespace uncork::cli {
namespace {

/// Under the 40 ms of Linux' shortest delayed ACK, so that a new connection stalls once at most.
constexpr core::Micros kPassEvery{20'000};
/// A pass over very many descriptors waits this many times its own length, which keeps the watch under a tenth of a CPU.
constexpr int kRestFactor = 10;

struct CureArguments {
  std::vector<std::int32_t> pids;
  std::optional<std::uint16_t> port;
  bool watch = false;
  std::optional<core::Micros> watch_for;
  bool undo = false;
  bool json = false;
};

/// Prints what passes over one process did, as a table that grows or as NDJSON, and the summary at the end.
class Printer {
 public:
  Printer(const CureArguments& arguments, pid_t pid) : arguments_(arguments), command_(cure::command_of(pid)) {
    totals_.pid = pid;
  }

  void pass(const cure::CureReport& report) {
    totals_.add(report);
    for (const core::Error& problem : report.problems) {
      report_error(problem);
      problems_ = true;
    }
    if (report.sockets.empty()) return;
    if (arguments_.json) {
      put(cure::json_rows(report.pid, report.sockets));
    } else {
      print("{}{}", header_done_ ? "" : cure::table_header(), cure::table_rows(report.sockets));
    }
    header_done_ = true;
    flush();
  }

  Exit summary(bool process_ended) {
    if (process_ended) say("uncork: process {} has ended\n", totals_.pid);
    if (arguments_.json) {
      put(cure::json_summary(totals_));
    } else {
      print("{}\n", sentence(process_ended));
    }
    flush();
    return problems_ ? Exit::not_possible : Exit::ok;
  }

 private:
  [[nodiscard]] std::string sentence(bool process_ended) const {
    const std::string process = fmt::format("process {} ({})", totals_.pid, command_);
    const std::string port = arguments_.port ? fmt::format(" with port {}", *arguments_.port) : "";
    if (arguments_.undo && totals_.seen == 0) return fmt::format("{}: nothing left to undo{}", process, port);
    if (arguments_.undo) return fmt::format("{}: TCP_NODELAY taken back from {} of its sockets", process, totals_.undone);
    if (totals_.seen == 0) return fmt::format("{}: no TCP socket{}", process, port);
    return fmt::format(
        "{}: {}{} seen, TCP_NODELAY set on {}{}", process, core::count_of(totals_.seen, "TCP socket"), port, totals_.changed,
        totals_.changed == 0 || process_ended ? "" : fmt::format(" (uncork cure --pid {} --undo takes it back)", totals_.pid));
  }

  const CureArguments& arguments_;
  std::string command_;
  cure::CureTotals totals_;
  bool header_done_ = false;
  bool problems_ = false;
};

Exit once(const CureArguments& arguments, const cure::CureOptions& options, pid_t pid) {
  Printer printer(arguments, pid);
  const auto report = arguments.undo ? cure::undo_process(pid, options) : cure::cure_process(pid, options);
  if (!report) return report_error(report.error());
  printer.pass(*report);
  return printer.summary(report->process_ended);
}

Exit worse(Exit a, Exit b) { return std::max(a, b); }

/// Each process in turn; one that cannot be cured does not keep the others from it.
Exit once(const CureArguments& arguments, const cure::CureOptions& options) {
  Exit exit = Exit::ok;
  for (const pid_t pid : arguments.pids) exit = worse(exit, once(arguments, options, pid));
  return exit;
}

/// One process under --watch.
struct Watched {
  cure::Watcher watcher;
  Printer printer;
  bool over = false;
};

/// One pass over the process; its last one prints the summary.
Exit pass(Watched& watched) {
  const auto report = watched.watcher.scan();
  if (!report) {
    watched.over = true;
    watched.printer.summary(false);
    return report_error(report.error());
  }
  watched.printer.pass(*report);
  if (!report->process_ended) return Exit::ok;
  watched.over = true;
  return watched.printer.summary(true);
}

Exit watch(const CureArguments& arguments, const cure::CureOptions& options) {
  core::StopSignal stop;
  std::optional<core::Time> end;
  if (arguments.watch_for) end = core::MonotonicClock::now() + *arguments.watch_for;
  Exit exit = Exit::ok;
  std::list<Watched> all;  // a printer stays where it is
  for (const pid_t pid : arguments.pids) {
    auto watcher = cure::Watcher::start(pid, options);
    if (watcher) {
      all.push_back({std::move(*watcher), Printer(arguments, pid)});
    } else {
      exit = worse(exit, report_error(watcher.error()));
    }
  }
  while (!all.empty()) {
    const core::Time begun = core::MonotonicClock::now();
    for (Watched& watched : all) exit = worse(exit, pass(watched));
    std::erase_if(all, [](const Watched& watched) { return watched.over; });
    if (all.empty()) break;
    const core::Time now = core::MonotonicClock::now();
    core::Time next = now + std::max(kPassEvery, (now - begun) * kRestFactor);
    if (end) next = std::min(next, *end);
    if (!stop.wait_until(next) && (!end || core::MonotonicClock::now() < *end)) continue;
    for (Watched& watched : all) exit = worse(exit, watched.printer.summary(false));
    break;
  }
  return exit;
}

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

constexpr const char* kFooter =
    "It changes that one option, on a duplicate of the descriptor; the process is neither stopped nor written to.\n"
    "It needs Linux 5.6, and either the process's own user (where Yama allows it) or CAP_SYS_PTRACE.\n\n"
    "Example:\n"
    "  uncork cure --pid 4242 --port 8001 --watch   cure its connections and each new one\n"
    "  uncork cure --pid 4242 --undo                put everything back";

}  // namespace

void add_cure(const Verb& program, Action& chosen) {
  auto arguments = std::make_shared<CureArguments>();
  Verb verb = program.add_subcommand("cure", "End the stalls of a running process: set TCP_NODELAY on its connections");
  add_parsed(verb, "--pid", arguments->pids, "PID", "Cure this process, or several: 4242,4243", parse_pids).required();
  add_port(verb, "--port", arguments->port, "Change only connections with this local or remote port");
  const Option watching =
      verb.add_flag("--watch", arguments->watch, "Keep curing new connections until the process ends or Ctrl-C");
  add_duration(verb, "--for", arguments->watch_for, "With --watch: stop after this time, such as 30s", Zero::refused)
      .needs(watching);
  verb.add_flag("--undo", arguments->undo, "Restore what earlier cures of this process changed, and nothing else")
      .excludes(watching);
  verb.add_flag("--json", arguments->json, "Print one JSON object per line");
  verb.footer(kFooter);
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      const cure::CureOptions options{arguments->port, cure::state_directory_path()};
      return arguments->watch ? watch(*arguments, options) : once(*arguments, options);
    };
  });
}

}  // namespace uncork::cli
