#include "cli/cure/printer.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"
#include "core/count.hpp"
#include "core/json.hpp"
#include "cure/process_identity.hpp"
#include "report/printable.hpp"

namespace uncork::cli {

CurePrinter::CurePrinter(const CureArguments& arguments, const cure::Chosen& chosen)
    : arguments_(arguments), chosen_(chosen), command_(cure::command_of(chosen.process.pid)) {
  totals_.pid = chosen.process.pid;
  if (!arguments_.searches() || !arguments_.watch) begin();
}

void CurePrinter::begin() {
  if (begun_) return;
  begun_ = true;
  if (arguments_.searches()) say_chosen(arguments_, chosen_);
}

void CurePrinter::say_set_again(const cure::CureReport& report) {
  for (const cure::TcpSocket& socket : report.set_again) {
    if (!set_again_.insert(socket.id).second) continue;
    if (arguments_.json) {
      put(cure::json_set_again(report.pid, socket));
    } else {
      print("process {} took {} off fd {} ({}) again; set again, as often as it does so\n", report.pid,
            cure::name(arguments_.option()), socket.fd, core::to_string(socket.local));
    }
  }
}

void CurePrinter::pass(const cure::CureReport& report) {
  totals_.add(report);
  for (const core::Error& problem : report.problems) {
    report_error(problem);
    problems_ = true;
  }
  if (report.sockets.empty() && report.set_again.empty()) return;
  begin();
  say_set_again(report);
  if (arguments_.json) {
    put(cure::json_rows(report.pid, arguments_.option(), report.sockets));
  } else if (!report.sockets.empty()) {
    print("{}{}", header_done_ ? "" : cure::table_header(), cure::table_rows(report.sockets));
    header_done_ = true;
  }
  flush();
}

Exit CurePrinter::summary(bool process_ended) {
  const Exit exit = problems_ ? Exit::not_possible : Exit::ok;
  const bool silent = arguments_.searches() && totals_.seen == 0;
  if (silent && (process_ended || !arguments_.json)) return exit;
  begin();
  if (process_ended) say("uncork: process {} has ended\n", totals_.pid);
  if (arguments_.json) {
    put(cure::json_summary(totals_));
  } else {
    print("{}\n", sentence(process_ended));
  }
  flush();
  return exit;
}

std::string CurePrinter::sentence(bool process_ended) const {
  const std::string process = fmt::format("process {} ({})", totals_.pid, command_);
  const std::string_view option = cure::name(arguments_.option());
  const std::string port = arguments_.port ? fmt::format(" with port {}", *arguments_.port) : "";
  if (arguments_.undo && totals_.seen == 0) return fmt::format("{}: nothing left to undo{}", process, port);
  if (arguments_.undo) return fmt::format("{}: {} taken back from {} of its sockets", process, option, totals_.undone);
  if (totals_.seen == 0) return fmt::format("{}: no TCP socket{}", process, port);
  const std::string again =
      totals_.set_again == 0 ? ""
                             : fmt::format(", set again {} on {}", core::count_of(totals_.set_again, "time"), set_again_.size());
  return fmt::format("{}: {}{} seen, {} set on {}{}{}", process, core::count_of(totals_.seen, "TCP socket"), port, option,
                     totals_.changed, again,
                     totals_.changed == 0 || process_ended ? ""
                                                           : fmt::format(" (uncork cure --pid {}{} --undo takes it back)",
                                                                         totals_.pid, arguments_.quickack ? " --quickack" : ""));
}

void say_chosen(const CureArguments& arguments, const cure::Chosen& chosen) {
  const pid_t pid = chosen.process.pid;
  const std::string why = chosen.why.empty() ? "its pid was given" : report::printable(chosen.why);
  if (!arguments.json) return print("process {} ({}): {}\n", pid, cure::command_of(pid), why);
  const core::Json line = {{"type", "process"}, {"pid", pid}, {"comm", cure::command_of(pid)}, {"why", why}};
  put(line.dump(core::Json::Order::as_inserted) + "\n");
}

void say_notes(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) say("uncork cure: {}\n", report::printable(note));
}

}  // namespace uncork::cli
