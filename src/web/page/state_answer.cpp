// state_json and namespaces_json: what the last poll left.
#include <utility>

#include "web/page/answers.hpp"

namespace uncork::web {
namespace {

core::Json coverage_json(const probe::Coverage& coverage) {
  return {{"whole", coverage.whole()},
          {"sentence", coverage.sentence()},
          {"rows", coverage.rows},
          {"counted", coverage.counted},
          {"namespaces", coverage.namespaces.size()},
          {"refused_namespaces", coverage.refused_namespaces},
          {"vanished_namespaces", coverage.vanished_namespaces},
          {"dump_gaps", coverage.dump_gaps},
          {"missed_cookies", coverage.missed_cookies},
          {"close_events", coverage.close_events},
          {"close_events_lost", coverage.close_events_lost},
          {"endings_lost", coverage.endings_lost}};
}

core::Json sinks_json(const collect::Snapshot& snapshot) {
  core::Json sinks = core::Json::array();
  for (const auto& [name, stats] : snapshot.sinks) {
    sinks.push_back({{"sink", name},
                     {"delivered_rows", stats.delivered.rows},
                     {"delivered_bytes", stats.delivered.bytes},
                     {"waiting_rows", stats.waiting.rows},
                     {"spooled_rows", stats.spooled.rows},
                     {"spooled_bytes", stats.spooled.bytes},
                     {"refused_rows", stats.refused.rows},
                     {"lost_rows", stats.lost.rows},
                     {"failures", stats.failures},
                     {"trouble", stats.trouble},
                     {"spool_trouble", stats.spool_trouble}});
  }
  return sinks;
}

core::Micros since(core::Time then, core::Time now) { return std::chrono::duration_cast<core::Micros>(now - then); }

}  // namespace

core::Json namespaces_json(const collect::Snapshot& snapshot) {
  core::Json namespaces = core::Json::array();
  for (const probe::NamespaceCoverage& one : snapshot.coverage.namespaces) {
    namespaces.push_back({{"inode", one.inode},
                          {"name", one.name},
                          {"rows", one.rows},
                          {"counted", one.counted ? core::Json(*one.counted) : core::Json()},
                          {"requests", one.requests},
                          {"whole", one.whole()},
                          {"trouble", one.trouble}});
  }
  return {{"sequence", snapshot.poll.sequence}, {"namespaces", std::move(namespaces)}};
}

/// Processor time in milliseconds, by what it is used for.
core::Json profile_json(const collect::Profile& profile) {
  core::Json json = core::Json::object();
  for (std::size_t i = 0; i < profile.size(); ++i)
    json[std::string(collect::name(static_cast<collect::Phase>(i)))] = core::to_ms(profile.at(i));
  return json;
}

core::Json state_json(const collect::Snapshot& snapshot, const PageCounts& counts, core::Time started, core::Time now) {
  const core::Micros running = since(started, now);
  const double share =
      running.count() <= 0 ? 0 : static_cast<double>(snapshot.cost.cpu.count()) / static_cast<double>(running.count());
  return {{"sequence", snapshot.poll.sequence},
          {"began_ms", snapshot.began_ns / 1'000'000},
          {"age_ms", core::to_ms(since(snapshot.at, now))},
          {"interval_ms", core::to_ms(snapshot.interval)},
          {"rows", snapshot.poll.rows},
          {"services", snapshot.poll.services},
          {"lost_ms", core::to_ms(snapshot.poll.lost)},
          {"took_ms", core::to_ms(snapshot.poll.took)},
          {"messages", snapshot.poll.messages},
          {"coverage", coverage_json(snapshot.coverage)},
          {"sinks", sinks_json(snapshot)},
          {"store", snapshot.store},
          {"store_trouble", snapshot.store_trouble},
          {"cost",
           {{"cpu_ms", core::to_ms(snapshot.cost.cpu)},
            {"cpu_share", share},
            {"profile_ms", profile_json(snapshot.profile)},
            {"rss_bytes", snapshot.cost.rss_bytes},
            {"threads", snapshot.cost.threads},
            {"running_ms", core::to_ms(running)}}},
          {"page", {{"requests", counts.requests}, {"browsers", counts.browsers}, {"skipped", counts.skipped}}}};
}

}  // namespace uncork::web
