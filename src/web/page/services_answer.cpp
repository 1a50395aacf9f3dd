// services_json: who lost how much time.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "report/top_table.hpp"
#include "report/verdict_text.hpp"
#include "sink/store/by_container.hpp"
#include "sink/store/reader.hpp"
#include "web/page/answers.hpp"
#include "web/page/service_filter.hpp"

namespace uncork::web {
namespace {

constexpr std::int64_t kMinuteNs = 60'000'000'000;
constexpr std::size_t kMostLines = 100;
constexpr std::size_t kRecentPolls = 40;

struct Line {
  report::TopLine top;
  sink::StoredService who;
};

Line line_of(const sink::SummedService& service, bool has_halves) {
  const core::Micros late = service.sums.lost() - service.lost_early;
  return {{stall::conclude(sink::service_of(service.who.key, service.who.others, service.sums), service.sums.confidence(), {}),
           service.who.container, has_halves ? report::trend_of(service.lost_early, late) : report::Trend::none},
          service.who};
}

sink::Grouping grouping_of(Lines lines) {
  if (lines == Lines::peer) return sink::Grouping::peer;
  return lines == Lines::process ? sink::Grouping::process : sink::Grouping::service;
}

double a_second(core::Micros time, core::Micros of) {
  return of.count() == 0 ? 0 : core::to_ms(time) * 1e6 / static_cast<double>(of.count());
}

/// Milliseconds lost a second, poll by poll.
core::Json recent_json(const std::vector<sink::RecentGain>& gains, const sink::RecentPolls& recent) {
  core::Json lost = core::Json::array();
  for (std::size_t i = 0; i < recent.polls.size(); ++i)
    lost.push_back(i < gains.size() ? a_second(gains[i].lost, recent.polls[i].interval) : 0.0);
  return lost;
}

core::Json line_json(const Line& line, const View& view, const sink::RecentPolls& recent) {
  core::Json json = report::top_json(line.top, view.by == Lines::service ? "service" : name(view.by));
  json["what"] = line.top.verdict.matters ? report::phrase(line.top.verdict.cause) : "";
  json["remedy_brief"] = line.top.verdict.matters ? line.top.verdict.remedy.brief : "";
  if (view.by != Lines::service) return json;
  const auto found = recent.services.find(line.who);
  const std::vector<sink::RecentGain> gains = found == recent.services.end() ? std::vector<sink::RecentGain>{} : found->second;
  json["recent_lost_ms_a_second"] = recent_json(gains, recent);
  const double seconds = recent.polls.empty() ? 0 : static_cast<double>(recent.polls.back().interval.count()) / 1e6;
  json["now"] = {
      {"lost_ms_a_second", gains.empty() ? 0.0 : a_second(gains.back().lost, recent.polls.back().interval)},
      {"exchanges_a_second", gains.empty() || seconds == 0 ? 0.0 : static_cast<double>(gains.back().exchanges) / seconds}};
  return json;
}

}  // namespace

core::Result<core::Json> services_json(const std::string& store, const View& view, std::int64_t now_ns) {
  const auto span = view.span(now_ns);
  if (!span) return core::fail(span.error());
  auto filter = ServiceFilter::compile(view.filter);
  if (!filter) return core::fail(filter.error());
  auto reader = sink::Reader::open(store);
  if (!reader) return core::fail(reader.error());
  auto found = reader->services(*span, grouping_of(view.by));
  if (!found) return core::fail(found.error());
  const auto recent = reader->recent(kRecentPolls);
  if (!recent) return core::fail(recent.error());
  const bool has_halves = found->span.until_ns - found->span.from_ns > kMinuteNs;
  std::vector<Line> lines;
  const std::size_t all = found->services.size();
  if (view.by == Lines::container) found->services = sink::by_container(found->services);
  for (const sink::SummedService& service : std::exchange(found->services, {})) {
    Line line = line_of(service, has_halves);
    if (filter->matches(line.top)) lines.push_back(std::move(line));
  }
  std::ranges::sort(lines, std::ranges::greater{}, [](const Line& line) {
    const stall::ServiceVerdict& v = line.top.verdict;
    return std::tuple(v.matters, v.lost, v.service.account.exchanges, v.service.key.command);
  });
  const std::size_t losing =
      static_cast<std::size_t>(std::ranges::count_if(lines, [](const Line& l) { return l.top.verdict.matters; }));
  core::Json services = core::Json::array();
  for (const Line& line : std::span(lines).first(std::min(lines.size(), kMostLines)))
    services.push_back(line_json(line, view, *recent));
  core::Json json = {{"since", view.since},
                     {"until", view.until},
                     {"from_ms", found->span.from_ns / 1'000'000},
                     {"until_ms", found->span.until_ns / 1'000'000},
                     {"by", name(view.by)},
                     {"filter", view.filter},
                     {"all", all},
                     {"matching", lines.size()},
                     {"losing", losing}};
  json["services"] = std::move(services);  // an initializer list would copy it
  return json;
}

}  // namespace uncork::web
