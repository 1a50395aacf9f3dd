#include "report/watch_table.hpp"

#include <fmt/format.h>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/table.hpp"
#include "report/verdict_text.hpp"

namespace uncork::report {

std::string watch_table(std::span<const WatchLine> lines, const WatchSummary& summary, std::size_t width, Color color) {
  std::string text = fmt::format("uncork watch  {}  {}, {} losing time\n\n", core::to_string(summary.watched),
                                 core::count_of(summary.connections, "connection"), summary.losing);
  if (lines.empty()) return text + "Nothing has stalled so far.\n";
  Table table({{"LOST/S", Align::right},
               {"LOST", Align::right},
               {"SHARE", Align::right},
               {"PROCESS", Align::left},
               {"LOCAL", Align::left},
               {"REMOTE", Align::left},
               {"CAUSE", Align::left},
               {"WR/EX", Align::right},
               {"B/WR", Align::right},
               {"REMEDY", Align::left}});
  for (const WatchLine& line : lines) {
    const stall::Verdict& v = line.verdict;
    table.add({fmt::format("{:.0f} ms", line.lost_ms_per_second), core::to_string(v.lost),
               fmt::format("{:.0f} %", 100 * v.account.lost_share()), process_text(v.where.process),
               core::to_string(v.where.local), core::to_string(v.where.remote), std::string(stall::name(v.cause)),
               fmt::format("{:.1f}", v.account.writes_per_exchange()), fmt::format("{:.0f}", v.account.bytes_per_write()),
               line.ended ? "(ended) " + v.remedy.brief : v.remedy.brief});
  }
  const std::string body = table.render(width);
  if (color == Color::no) return text + body;
  const std::size_t title_end = body.find('\n');
  return text + "\x1b[1m" + body.substr(0, title_end) + "\x1b[0m" + body.substr(title_end);
}

}  // namespace uncork::report
