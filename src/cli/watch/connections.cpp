#include "cli/watch/connections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/verdict_json.hpp"
#include "report/verdict_text.hpp"
#include "report/watch_table.hpp"

namespace uncork::cli {

ConnectionView::ConnectionView(const WatchOptions& options, const WatchSource& source, Sieve sieve)
    : options_(options),
      opened_(source),
      source_(*source.opened.source),
      sieve_(std::move(sieve)),
      board_([this](const probe::ConnectionRow& row) { return sieve_.admits(row); }, source_.confidence()) {}

core::Status ConnectionView::update(core::Time now) {
  auto rows = source_.poll();
  if (!rows) return core::fail(rows.error());
  board_.update(std::move(*rows), now);
  return {};
}

ConnectionView::Lines ConnectionView::lines() {
  using Show = probe::ConnectionBoard::Show;
  Lines lines = board_.lines(options_.threshold, options_.all ? Show::all : Show::what_matters);
  std::erase_if(lines, [this](const auto& line) { return !sieve_.passes(line.verdict); });
  return lines;
}

ConnectionView::Lines ConnectionView::verdicts() {
  Lines all = lines();
  std::ranges::sort(all, [](const auto& a, const auto& b) { return a.verdict.lost > b.verdict.lost; });
  return all;
}

/// With those that ended, lost nothing, and which the kernel only counted.
std::size_t ConnectionView::seen() const { return board_.seen() + (opened_.choice.asks_connections() ? 0 : source_.untold()); }

std::size_t ConnectionView::losing() { return probe::ConnectionBoard::connections_that_matter(lines()); }

std::string ConnectionView::table(core::Micros watched, std::size_t width, bool color) {
  Lines all = lines();
  const report::WatchSummary summary{watched, seen(), probe::ConnectionBoard::connections_that_matter(all)};
  if (all.size() > options_.top) all.resize(options_.top);
  std::vector<report::WatchLine> shown;
  for (auto& line : all) shown.push_back({std::move(line.verdict), line.lost_ms_per_second, line.ended});
  return report::watch_table(shown, summary, width, color ? report::Color::yes : report::Color::no);
}

std::string ConnectionView::live_json() {
  Lines all = lines();
  if (all.size() > options_.top) all.resize(options_.top);
  std::string text;
  for (const auto& line : all) {
    if (line.lost_ms_per_second <= 0) continue;
    core::Json json = report::verdict_json(line.verdict, "connection");
    json["lost_ms_per_second"] = line.lost_ms_per_second;
    json["matters"] = line.matters;
    text += report::json_line(json);
  }
  return text;
}

std::string ConnectionView::verdicts_text(const WatchEnd& end) {
  const Lines all = verdicts();
  std::string text;
  for (std::size_t i = 0; i < all.size() && i < options_.top; ++i) text += report::verdict_text(all[i].verdict) + "\n";
  if (all.size() > options_.top) text += fmt::format("... and {} more (--top)\n", all.size() - options_.top);
  return text + fmt::format("Watched for {}{}: {}{}; {} lost time that matters ({}).\n", core::to_string(end.watched),
                            source_.confidence() == stall::Confidence::sampled ? ", sampled" : "",
                            core::count_of(seen(), "connection"), opened_.keeps_whole ? "" : " on which something was held",
                            probe::ConnectionBoard::connections_that_matter(all), threshold_text(options_));
}

std::string ConnectionView::verdicts_json(const WatchEnd& end) {
  const Lines all = verdicts();
  std::string text;
  for (const auto& line : all) {
    core::Json json = report::verdict_json(line.verdict);
    json["matters"] = line.matters;
    text += report::json_line(json);
  }
  core::Json summary = summary_json(options_, end, source_.confidence(), none_matched());
  summary.update({{"connections", seen()},
                  {"losing", probe::ConnectionBoard::connections_that_matter(all)},
                  {"accounts", opened_.keeps_whole ? "whole" : "light"},
                  {"forgotten", board_.forgotten()}});
  return text + report::json_line(summary);
}

std::string ConnectionView::none_matched() {
  const std::string asked = choice_text(options_);
  if (asked.empty() || !lines().empty()) return "";
  if (seen() == 0 && !sieve_.turned_away().empty())
    return fmt::format("{} matched none of the connections of {}", asked, sieve_.turned_away());
  if (seen() == 0) return asked + ": no such connection carried anything";
  const std::size_t lost = board_.lines(options_.threshold, probe::ConnectionBoard::Show::all).size();
  if (lost == 0 || !opened_.choice.asks_lines()) return "";
  return fmt::format("{} matched none of {} that lost time", asked, core::count_of(lost, "connection"));
}

}  // namespace uncork::cli
