#include "cli/watch/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>
#include <utility>

#include "cli/output.hpp"
#include "cli/watch/grouping.hpp"
#include "core/count.hpp"
#include "core/duration.hpp"
#include "probe/processes.hpp"
#include "report/service_table.hpp"
#include "report/service_verdict.hpp"
#include "report/verdict_json.hpp"

namespace uncork::cli {
namespace {

using probe::ServiceBoard;

/// Of the services that lost something: a remedy names processes, and those that have ended cannot be cured.
void find_the_living(std::vector<stall::Service>& services) {
  for (stall::Service& service : services) {
    if (service.account.budget.lost().count() == 0) continue;
    for (stall::Worker& worker : service.workers) {
      if (worker.pid != 0) worker.alive = probe::exists(worker.pid);
    }
  }
}

}  // namespace

std::string_view name(WatchBy by) {
  static constexpr std::array<std::string_view, 6> kNames = {"service", "connection", "process", "peer", "container", "cgroup"};
  return kNames.at(static_cast<std::size_t>(by));
}

ServiceView::ServiceView(const WatchOptions& options, probe::Source& source, probe::ConnectionFilter filter)
    : options_(options), source_(source), filter_(std::move(filter)), board_(source.confidence(), options.threshold) {
  if (options.shown_by() != WatchBy::service || !source.keeps_services())
    groups_.emplace(grouping(options.shown_by()), options.threshold);
}

core::Result<std::vector<stall::Service>> ServiceView::ask() {
  auto rows = source_.poll();
  if (!rows) return core::fail(rows.error());
  if (!groups_) return source_.services();
  std::erase_if(*rows, [&](const probe::ConnectionRow& row) { return !filter_.wants(row.where); });
  groups_->update(*rows);
  return groups_->services();
}

core::Status ServiceView::update(core::Time now) {
  auto services = ask();
  if (!services) return core::fail(services.error());
  find_the_living(*services);
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

void ServiceView::put_lines() {
  Lines all = board_.lines(ServiceBoard::Show::all);
  if (all.size() > options_.top) all.resize(options_.top);
  for (const auto& line : all) {
    if (line.lost_ms_per_second <= 0 && line.exchanges_per_second <= 0) continue;
    core::Json json = report::service_verdict_json(line.verdict, name(options_.shown_by()));
    json["lost_ms_per_second"] = line.lost_ms_per_second;
    json["exchanges_per_second"] = line.exchanges_per_second;
    put(report::json_line(json));
  }
}

void ServiceView::print_verdicts(const WatchEnd& end) {
  const Lines all = verdicts();
  for (std::size_t i = 0; i < all.size() && i < options_.top; ++i)
    print_page(report::service_verdict_text(all[i].verdict) + "\n");
  if (all.size() > options_.top) print("... and {} more (--top)\n", all.size() - options_.top);
  const std::string_view of = name(options_.shown_by());
  print_page(fmt::format("Watched for {}{}: {} with {}; {} lost time that matters ({}).\n", core::to_string(end.watched),
                         source_.confidence() == stall::Confidence::sampled ? ", sampled" : "",
                         core::count_of(board_.size(), of, of == "process" ? "processes" : ""),
                         core::count_of(board_.connections(), "connection"), losing(), threshold_text(options_)));
}

void ServiceView::put_verdicts(const WatchEnd& end) {
  for (const auto& line : verdicts()) {
    core::Json json = report::service_verdict_json(line.verdict);
    put(report::json_line(json));
  }
  put(report::json_line({{"type", "summary"},
                         {"by", name(options_.shown_by())},
                         {"watched_ms", core::to_ms(end.watched)},
                         {"services", board_.size()},
                         {"connections", board_.connections()},
                         {"losing", losing()},
                         {"accounts", "whole"},
                         {"limits", end.limits},
                         {"confidence", stall::name(source_.confidence())}}));
}

}  // namespace uncork::cli
