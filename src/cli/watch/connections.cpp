#include "cli/watch/connections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/output.hpp"
#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/verdict_json.hpp"
#include "report/verdict_text.hpp"
#include "report/watch_table.hpp"

namespace uncork::cli {

core::Status ConnectionView::update(core::Time now) {
  auto rows = source_.poll();
  if (!rows) return core::fail(rows.error());
  board_.update(std::move(*rows), now);
  return {};
}

ConnectionView::Lines ConnectionView::lines() const {
  using Show = probe::ConnectionBoard::Show;
  return board_.lines(options_.threshold, options_.all ? Show::all : Show::what_matters);
}

ConnectionView::Lines ConnectionView::verdicts() const {
  Lines all = lines();
  std::ranges::sort(all, [](const auto& a, const auto& b) { return a.verdict.lost > b.verdict.lost; });
  return all;
}

/// With those that ended, lost nothing, and which the kernel only counted.
std::size_t ConnectionView::seen() const { return board_.seen() + source_.untold(); }

std::size_t ConnectionView::losing() { return probe::ConnectionBoard::connections_that_matter(lines()); }

std::string ConnectionView::table(core::Micros watched, std::size_t width, bool color) {
  Lines all = lines();
  const report::WatchSummary summary{watched, seen(), probe::ConnectionBoard::connections_that_matter(all)};
  if (all.size() > options_.top) all.resize(options_.top);
  std::vector<report::WatchLine> shown;
  for (auto& line : all) shown.push_back({std::move(line.verdict), line.lost_ms_per_second, line.ended});
  return report::watch_table(shown, summary, width, color ? report::Color::yes : report::Color::no);
}

void ConnectionView::put_lines() {
  Lines all = lines();
  if (all.size() > options_.top) all.resize(options_.top);
  for (const auto& line : all) {
    if (line.lost_ms_per_second <= 0) continue;
    core::Json json = report::verdict_json(line.verdict, "connection");
    json["lost_ms_per_second"] = line.lost_ms_per_second;
    json["matters"] = line.matters;
    put(report::json_line(json));
  }
}

void ConnectionView::print_verdicts(const WatchEnd& end) {
  const Lines all = verdicts();
  for (std::size_t i = 0; i < all.size() && i < options_.top; ++i) print_page(report::verdict_text(all[i].verdict) + "\n");
  if (all.size() > options_.top) print("... and {} more (--top)\n", all.size() - options_.top);
  print_page(fmt::format("Watched for {}{}: {}{}; {} lost time that matters ({}).\n", core::to_string(end.watched),
                         source_.confidence() == stall::Confidence::sampled ? ", sampled" : "",
                         core::count_of(seen(), "connection"), options_.keeps_whole() ? "" : " on which something was held",
                         probe::ConnectionBoard::connections_that_matter(all), threshold_text(options_)));
}

void ConnectionView::put_verdicts(const WatchEnd& end) {
  const Lines all = verdicts();
  for (const auto& line : all) {
    core::Json json = report::verdict_json(line.verdict);
    json["matters"] = line.matters;
    put(report::json_line(json));
  }
  put(report::json_line({{"type", "summary"},
                         {"by", "connection"},
                         {"watched_ms", core::to_ms(end.watched)},
                         {"connections", seen()},
                         {"losing", probe::ConnectionBoard::connections_that_matter(all)},
                         {"accounts", options_.keeps_whole() ? "whole" : "light"},
                         {"forgotten", board_.forgotten()},
                         {"limits", end.limits},
                         {"confidence", stall::name(source_.confidence())}}));
}

}  // namespace uncork::cli
