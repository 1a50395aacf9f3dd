// series_json: one service over time, and what to do about it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "report/choices.hpp"
#include "report/service_table.hpp"
#include "report/service_verdict.hpp"
#include "report/verdict_words.hpp"
#include "sink/store/reader.hpp"
#include "web/page/answers.hpp"

namespace uncork::web {
namespace {

/// The processes that hold its connections now, so that a remedy can name them, and how many of these have TCP_NODELAY.
core::Status add_workers(sink::Reader& reader, const sink::StoredService& who, stall::Service& service) {
  constexpr std::size_t kMostWorkers = 64;
  std::map<std::uint32_t, stall::Worker> workers;
  std::uint64_t open = 0;
  std::uint64_t nodelay = 0;
  const sink::ServicesLike like{.command = who.key.command,
                                .role = who.key.role,
                                .port = who.key.port,
                                .netns = who.key.netns,
                                .container = {},
                                .others = {}};
  const auto read = reader.last_rows(like, [&](const record::Row& row) {
    constexpr std::uint32_t kListening = 10;
    if (!row.knows(record::Block::process) || row.inet_diag_msg_state == kListening) return true;
    if (workers.size() == kMostWorkers && !workers.contains(row.pid)) return true;
    stall::Worker& worker = workers[row.pid];
    worker.pid = static_cast<std::int32_t>(row.pid);
    ++worker.connections;
    for (const std::uint64_t lost : row.lost_us) worker.lost += core::Micros(static_cast<std::int64_t>(lost));
    ++open;
    if (row.knows(record::Block::options) && row.nodelay) ++nodelay;
    return true;
  });
  if (!read) return read;
  for (const auto& [pid, worker] : workers) service.workers.push_back(worker);
  std::ranges::sort(service.workers, std::ranges::greater{}, &stall::Worker::lost);
  // The verdict compares with all connections of the span, of which only those that are open can be looked at.
  service.nodelay = open == 0 ? 0 : nodelay == open ? service.connections : std::min(nodelay, service.connections);
  return {};
}

core::Json verdict_of(const stall::ServiceVerdict& v) {
  core::Json json = report::service_verdict_json(v);
  json["group"] = report::service_text(v.service);
  json["matters"] = v.matters;
  json["what"] = v.matters ? report::what_text(v.cause, v.fault, v.confidence) : "";
  json["evidence"] = report::pattern_text(v.service.account);
  json["cost"] = report::cost_text(v.service.account, v.cause);
  std::string late = report::late_line(v.service.account);
  if (late.ends_with('\n')) late.pop_back();
  json["late"] = late;
  json["remedy_brief"] = v.matters ? v.remedy.brief : "";
  core::Json choices = core::Json::array();
  for (const stall::Choice& choice : v.choices)
    choices.push_back({{"text", report::choice_text(choice, v.service.account, v.remedy.command)}, {"command", choice.command}});
  json["ways"] = choices;
  return json;
}

core::Json slots_json(const sink::Timeline& timeline) {
  core::Json begins = core::Json::array(), lengths = core::Json::array(), exchanges = core::Json::array();
  core::Json p50 = core::Json::array(), p99 = core::Json::array(), budget = core::Json::object();
  for (const sink::Slot& slot : timeline.slots) {
    begins.push_back(slot.begin_ns / 1'000'000);
    lengths.push_back(slot.length_ns / 1'000'000);
    exchanges.push_back(slot.exchanges);
    p50.push_back(slot.exchanges == 0 ? core::Json() : core::Json(core::to_ms(slot.p50)));
    p99.push_back(slot.exchanges == 0 ? core::Json() : core::Json(core::to_ms(slot.p99)));
  }
  for (const stall::Cause cause : stall::all_causes()) {
    const auto at = static_cast<std::size_t>(cause);
    if (!std::ranges::any_of(timeline.slots, [at](const sink::Slot& slot) { return slot.budget.at(at).count() != 0; })) continue;
    core::Json times = core::Json::array();
    for (const sink::Slot& slot : timeline.slots) times.push_back(core::to_ms(slot.budget.at(at)));
    budget[stall::name(cause)] = std::move(times);
  }
  core::Json json = core::Json::object();
  json["begin_ms"] = std::move(begins);
  json["length_ms"] = std::move(lengths);
  json["exchanges"] = std::move(exchanges);
  json["p50_ms"] = std::move(p50);
  json["p99_ms"] = std::move(p99);
  json["budget_ms"] = std::move(budget);
  return json;
}

}  // namespace

core::Result<core::Json> series_json(const std::string& store, const sink::ServicesLike& like, const View& view,
                                     std::int64_t now_ns) {
  const auto span = view.span(now_ns);
  if (!span) return core::fail(span.error());
  auto reader = sink::Reader::open(store);
  if (!reader) return core::fail(reader.error());
  const auto timeline = reader->timeline(like, *span);
  if (!timeline) return core::fail(timeline.error());
  core::Json stalls = core::Json::array();
  for (const stall::Cause cause : stall::all_causes()) {
    if (stall::is_stall(cause)) stalls.push_back(stall::name(cause));
  }
  core::Json json = {{"from_ms", span->from_ns / 1'000'000}, {"until_ms", span->until_ns / 1'000'000},
                     {"slot", sink::name(timeline->kind)},   {"services", timeline->services},
                     {"stalls", std::move(stalls)},          {"verdict", nullptr}};
  json["slots"] = slots_json(*timeline);
  if (timeline->services == 0) return json;
  const sink::StoredService& who = timeline->who;
  stall::Service service = sink::service_of(who.key, who.others, timeline->sums);
  service.container = who.container;
  if (!who.others) {
    if (auto added = add_workers(*reader, who, service); !added) return core::fail(added.error());
  }
  json["verdict"] = verdict_of(stall::conclude(std::move(service), timeline->sums.confidence(), {}));
  return json;
}

}  // namespace uncork::web
