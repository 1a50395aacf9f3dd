#include "report/verdict_text.hpp"

#include <fmt/format.h>

#include "report/choices.hpp"
#include "report/printable.hpp"
#include "report/verdict_words.hpp"

namespace uncork::report {
namespace {

std::string where(const stall::Verdict& v) {
  std::string text =
      fmt::format("{} {} -> {}", process_text(v.where.process), core::to_string(v.where.local), core::to_string(v.where.remote));
  if (v.where.peer) text += " " + process_text(*v.where.peer);
  if (!v.where.netns.empty()) text += " in " + printable(v.where.netns);
  return text;
}

}  // namespace

std::string process_text(const stall::Process& process) {
  return process.pid == 0 ? "?" : fmt::format("{}[{}]", printable(process.command), process.pid);
}

std::string verdict_text(const stall::Verdict& v) {
  std::string remedy = v.remedy.full.empty() ? "none needed" : printable(v.remedy.full);
  if (!v.remedy.command.empty()) remedy += " Now: " + v.remedy.command;
  std::string evidence = pattern_text(v.account);
  if (v.where.nodelay) evidence += *v.where.nodelay ? "; TCP_NODELAY on" : "; TCP_NODELAY off";
  return fmt::format("what      {}\nwhere     {}\nevidence  {}\ncost      {}\n{}remedy    {}\n{}",
                     what_text(v.cause, v.fault, v.confidence), where(v), evidence, cost_text(v.account, v.cause),
                     late_line(v.account), remedy, choice_lines(v.choices, v.account, v.remedy.command));
}

}  // namespace uncork::report
