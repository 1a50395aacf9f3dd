#include "cli/watch/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "cli/watch/grouping.hpp"
#include "cli/watch/process_cgroup.hpp"
#include "core/count.hpp"
#include "core/duration.hpp"
#include "probe/enrich/container_id.hpp"
#include "probe/processes.hpp"
#include "report/service_table.hpp"
#include "report/service_verdict.hpp"
#include "report/verdict_json.hpp"

namespace uncork::cli {
namespace {

using probe::ServiceBoard;

/// Of the services that lost something: a remedy names processes, and those that have ended cannot be cured; and people know
/// them by their container.
void look_up(std::vector<stall::Service>& services, probe::ContainerNamer& namer) {
  for (stall::Service& service : services) {
    if (service.account.budget.lost().count() == 0) continue;
    for (stall::Worker& worker : service.workers) {
      if (worker.pid != 0) worker.alive = probe::exists(worker.pid);
    }
    if (service.workers.empty()) continue;
    service.container = namer.name_of(probe::container_in_cgroup(cgroup_text(service.workers.front().pid)).id);
  }
}

std::string count_of(std::size_t number, WatchBy by) {
  return core::count_of(number, name(by), by == WatchBy::process ? "processes" : "");
}

}  // namespace

ServiceView::ServiceView(const WatchOptions& options, const WatchSource& source, Sieve sieve)
    : options_(options),
      source_(*source.opened.source),
      asks_lines_(source.choice.asks_lines()),
      sieve_(std::move(sieve)),
      board_(source_.confidence(), options.threshold,
             [this](const stall::ServiceVerdict& verdict) { return sieve_.passes(verdict); }) {
  if (source.sums_in_kernel) return;
  groups_.emplace(grouping(options.shown_by(), namer_), options.threshold,
                  [this](const probe::ConnectionRow& row) { return sieve_.admits(row); });
}

core::Result<std::vector<stall::Service>> ServiceView::ask() {
  auto rows = source_.poll();
  if (!rows) return core::fail(rows.error());
  if (!groups_) return source_.services();
  groups_->update(*rows);
  return groups_->services();
}

core::Status ServiceView::update(core::Time now) {
  auto services = ask();
  if (!services) return core::fail(services.error());
  look_up(*services, namer_);
  board_.update(std::move(*services), now);
  return {};
}

std::size_t ServiceView::losing() { return board_.lines(ServiceBoard::Show::what_matters).size(); }

ServiceView::Lines ServiceView::verdicts() const {
  Lines lines = board_.lines(options_.all ? ServiceBoard::Show::all : ServiceBoard::Show::what_matters);
  std::ranges::sort(lines, std::greater<>(), [](const auto& line) {
    return std::tuple(line.verdict.lost, line.verdict.service.account.exchanges, line.verdict.service.key.port);
  });
  return lines;
}

std::string ServiceView::table(core::Micros watched, std::size_t width, bool color) {
  Lines all = board_.lines(ServiceBoard::Show::all);
  report::ServiceSummary summary{watched, all.size(), board_.connections(), losing(), name(options_.shown_by())};
  if (all.size() > options_.top) all.resize(options_.top);
  std::vector<report::ServiceLine> shown;
  for (auto& line : all) shown.push_back({std::move(line.verdict), line.lost_ms_per_second, line.exchanges_per_second});
  return report::service_table(shown, summary, width, color ? report::Color::yes : report::Color::no);
}

std::string ServiceView::live_json() {
  Lines all = board_.lines(ServiceBoard::Show::all);
  if (all.size() > options_.top) all.resize(options_.top);
  std::string text;
  for (const auto& line : all) {
    if (line.lost_ms_per_second <= 0 && line.exchanges_per_second <= 0) continue;
    core::Json json = report::service_verdict_json(line.verdict, name(options_.shown_by()));
    json["lost_ms_per_second"] = line.lost_ms_per_second;
    json["exchanges_per_second"] = line.exchanges_per_second;
    text += report::json_line(json);
  }
  return text;
}

/// Of services that found no row of their own nobody knows what they are called; empty: all have one, or nothing was asked.
std::string ServiceView::not_asked() const {
  if (!asks_lines_) return "";
  for (const stall::Service* const service : board_.all()) {
    if (service->others)
      return core::count_of(service->connections, "connection") + " of services that found no row of their own (--most-services)";
  }
  return "";
}

std::string ServiceView::verdicts_text(const WatchEnd& end) {
  const Lines all = verdicts();
  std::string text;
  for (std::size_t i = 0; i < all.size() && i < options_.top; ++i) text += report::service_verdict_text(all[i].verdict) + "\n";
  if (all.size() > options_.top) text += fmt::format("... and {} more (--top)\n", all.size() - options_.top);
  if (const std::string unasked = not_asked(); !unasked.empty()) text += "Not asked: " + unasked + ".\n";
  return text + fmt::format("Watched for {}{}: {} with {}; {} lost time that matters ({}).\n", core::to_string(end.watched),
                            source_.confidence() == stall::Confidence::sampled ? ", sampled" : "",
                            count_of(board_.size(), options_.shown_by()), core::count_of(board_.connections(), "connection"),
                            losing(), threshold_text(options_));
}

std::string ServiceView::verdicts_json(const WatchEnd& end) {
  std::string text;
  for (const auto& line : verdicts()) text += report::json_line(report::service_verdict_json(line.verdict));
  WatchEnd all = end;
  if (std::string unasked = not_asked(); !unasked.empty()) all.limits.push_back("not asked: " + std::move(unasked));
  core::Json summary = summary_json(options_, all, source_.confidence(), none_matched());
  summary.update(
      {{"services", board_.size()}, {"connections", board_.connections()}, {"losing", losing()}, {"accounts", "whole"}});
  return text + report::json_line(summary);
}

std::string ServiceView::none_matched() {
  constexpr std::size_t kMostNamed = 8;
  const std::string asked = choice_text(options_);
  if (asked.empty() || board_.size() != 0) return "";
  const auto all = board_.all();
  if (all.empty()) {
    const std::string others = sieve_.turned_away();
    return others.empty() ? asked + ": no such connection carried anything"
                          : fmt::format("{} matched none of the connections of {}", asked, others);
  }
  std::string names;
  for (std::size_t i = 0; i < std::min(all.size(), kMostNamed); ++i)
    names += (i == 0 ? "" : ", ") + report::service_text(*all[i]);
  if (all.size() > kMostNamed) names += ", ...";
  return fmt::format("{} matched none of {}: {}", asked, count_of(all.size(), options_.shown_by()), names);
}

}  // namespace uncork::cli
