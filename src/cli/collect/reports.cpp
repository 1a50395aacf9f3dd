#include "cli/collect/reports.hpp"

#include <fmt/format.h>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/printable.hpp"

namespace uncork::cli {

using collect::Collector;
using collect::PollReport;
using collect::Settings;

core::Json report_json(const PollReport& report, const Collector& collector) {
  core::Json sinks = core::Json::array();
  for (const auto& [name, stats] : collector.sinks()) {
    sinks.push_back({{"sink", name},
                     {"delivered_rows", stats.delivered.rows},
                     {"waiting_rows", stats.waiting.rows + stats.spooled.rows},
                     {"lost_rows", stats.lost.rows},
                     {"refused_rows", stats.refused.rows},
                     {"trouble", stats.trouble}});
  }
  const collect::RowFeed::Stats subscribers = collector.feed().stats();
  return {{"type", "poll"},
          {"sequence", report.sequence},
          {"rows", report.rows},
          {"close_ups", report.close_ups},
          {"services", report.services},
          {"lost_ms", core::to_ms(report.lost)},
          {"took_ms", core::to_ms(report.took)},
          {"coverage", report.coverage},
          {"messages", report.messages},
          {"store",
           {{"waiting_polls", report.store.waiting.polls},
            {"waiting_rows", report.store.waiting.rows},
            {"dropped_polls", report.store.dropped.polls},
            {"dropped_rows", report.store.dropped.rows}}},
          {"sinks", sinks},
          {"subscribers", {{"count", subscribers.subscribers}, {"skipped_rows", subscribers.skipped_rows}}}};
}

std::string status_of(const PollReport& report) {
  return fmt::format("poll {}: {}, {} with exchanges lost {}; took {}", report.sequence, core::count_of(report.rows, "row"),
                     core::count_of(report.services, "service"), core::to_string(report.lost), core::to_string(report.took));
}

core::Json settings_json(const Settings& settings, const Collector& collector) {
  core::Json sinks = core::Json::array();
  for (const std::string& sink : settings.sinks)
    sinks.push_back({{"sink", sink}, {"format", collect::format_of(sink, settings.format)}});
  return {{"type", "settings"},
          {"interval_ms", core::to_ms(settings.interval)},
          {"jitter", settings.jitter},
          {"store", collector.store_path()},
          {"filter", settings.filter},
          {"grpc", settings.grpc},
          {"page", settings.page.empty() ? collect::kUsualPage : settings.page},
          {"sinks", sinks}};
}

std::string settings_text(const Settings& settings, const Collector& collector) {
  std::string text =
      fmt::format("interval {}, shorter by up to {:.0f} %\n", core::to_string(settings.interval), 100 * settings.jitter);
  text += fmt::format("store    {}\n", collector.store_path().empty() ? "none" : report::printable(collector.store_path()));
  text += fmt::format("filter   {}\n", settings.filter.empty() ? "none" : report::printable(settings.filter));
  if (!settings.grpc.empty()) text += fmt::format("gRPC     {}\n", report::printable(settings.grpc));
  text += fmt::format("page     {}\n", report::printable(settings.page.empty() ? collect::kUsualPage : settings.page));
  for (const std::string& sink : settings.sinks)
    text += fmt::format("sink     {} as {}\n", report::printable(sink), collect::format_of(sink, settings.format));
  return text;
}

}  // namespace uncork::cli
