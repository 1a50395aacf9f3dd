// uncork cure, without --watch: each process once.

#include <string>

#include "cli/cure/parts.hpp"
#include "cli/cure/printer.hpp"
#include "cli/output.hpp"
#include "core/count.hpp"
#include "report/printable.hpp"

namespace uncork::cli {
namespace {

struct Sums {
  std::size_t processes = 0;
  std::size_t sockets = 0;
  std::size_t changed = 0;
};

Exit one(const CureArguments& arguments, const cure::CureOptions& options, const cure::Chosen& chosen, Sums& sums) {
  const pid_t pid = chosen.process.pid;
  const auto report = arguments.undo ? cure::undo_process(pid, options) : cure::cure_process(pid, options);
  if (!report) {
    // One that was found a moment ago, and has ended since, is no fault.
    if (!chosen.why.empty() && report.error().code == core::ErrorCode::not_found) return Exit::ok;
    return report_error(report.error());
  }
  ++sums.processes;
  sums.sockets += report->sockets.size();
  sums.changed += arguments.undo ? report->undone : report->changed;
  CurePrinter printer(arguments, chosen);
  printer.pass(*report);
  return printer.summary(report->process_ended);
}

}  // namespace

Exit cure_once(const CureArguments& arguments, const cure::CureOptions& options, const cure::Selector& selector) {
  const auto selection = cure::select_processes(selector);
  if (!selection) return report_error(selection.error());
  say_notes(selection->notes);
  if (selection->chosen.empty()) {
    return report_error({core::ErrorCode::not_found, 0, report::printable(selection->why_none)});
  }
  Exit exit = Exit::ok;
  Sums sums;
  for (const cure::Chosen& chosen : selection->chosen) exit = worse(exit, one(arguments, options, chosen, sums));
  if (arguments.searches() && !arguments.json) {
    print("{} of {}: {} {} {} of {}\n", sums.processes, core::count_of(selection->chosen.size(), "process", "processes"),
          cure::name(arguments.option()), arguments.undo ? "taken back from" : "set on", sums.changed,
          core::count_of(sums.sockets, "socket"));
  }
  return exit;
}

}  // namespace uncork::cli
