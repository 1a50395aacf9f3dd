#include <fmt/format.h>

#include <algorithm>

#include "core/duration.hpp"
#include "lab/coalesce/coalesce_judge.hpp"
#include "lab/transmit/transmit.hpp"

namespace uncork::lab {
namespace {

constexpr const char* kLine = "{:>8} {:<13} {:>5} {:>6} {:>5} {:>6} {:>7} {:>7} {:>7} {:>5}\n";
constexpr const char* kServerLine = "{:<14} {:>9} {:>12}\n";

double median_segments(const TransmitRow& row) { return median({row.segments.begin(), row.segments.end()}); }

double gigabytes_per_second(const TransmitRow& row) {
  const double seconds = core::to_ms(row.times.quantile(0.5)) / 1e3;
  return seconds == 0 ? 0 : static_cast<double>(row.file_bytes + kHeadBytes + kTailBytes) / 1e9 / seconds;
}

}  // namespace

std::string transmit_text(const TransmitResult& result) {
  std::string text = fmt::format(kLine, "FILE", "SENT BY", "LEAST", "MEDIAN", "WORST", "STALLS", "P50", "MAX", "HELD", "GB/S");
  std::uint64_t last = 0;
  for (const TransmitRow& row : result.rows) {
    if (row.file_bytes != last) text += "\n";
    last = row.file_bytes;
    text += fmt::format(kLine, row.file_bytes, name(row.strategy), row.minimum_segments, median_segments(row),
                        row.segments.empty() ? 0 : std::ranges::max(row.segments), row.stalls,
                        core::to_string(row.times.quantile(0.5)), core::to_string(row.times.max()),
                        row.held ? core::to_string(*row.held) : "-",
                        row.file_bytes > 1 << 20 ? fmt::format("{:.2f}", gigabytes_per_second(row)) : "");
  }
  text += "\n" + fmt::format(kServerLine, "SERVED BY", "GB/S", "CPU MS/GB");
  for (const ServingRow& row : result.serving) {
    text += fmt::format(kServerLine, row.server, fmt::format("{:.2f}", median(row.gigabytes_per_second)),
                        fmt::format("{:.0f}", median(row.cpu_ms_per_gigabyte)));
  }
  if (!result.why_no_nginx.empty()) text += result.why_no_nginx + "\n";
  return text + "\n" + criteria_text(result.criteria);
}

core::Json transmit_json(const TransmitResult& result) {
  core::Json rows = core::Json::array();
  for (const TransmitRow& row : result.rows) {
    core::Json json = {{"file_bytes", row.file_bytes},
                       {"strategy", name(row.strategy)},
                       {"mss", row.mss},
                       {"minimum_segments", row.minimum_segments},
                       {"median_segments", median_segments(row)},
                       {"worst_segments", row.segments.empty() ? 0 : std::ranges::max(row.segments)},
                       {"retransmitted", row.retransmitted},
                       {"exchanges", row.times.count()},
                       {"stalls", row.stalls},
                       {"p50_ms", core::to_ms(row.times.quantile(0.5))},
                       {"max_ms", core::to_ms(row.times.max())},
                       {"gb_per_s", gigabytes_per_second(row)},
                       {"held_ms", nullptr}};
    if (row.held) json["held_ms"] = core::to_ms(*row.held);
    rows.push_back(std::move(json));
  }
  core::Json document = scenario_json("transmit", result.criteria, std::move(rows));
  core::Json servers = core::Json::array();
  for (const ServingRow& row : result.serving) {
    servers.push_back({{"server", row.server},
                       {"gb_per_s", median(row.gigabytes_per_second)},
                       {"cpu_ms_per_gb", median(row.cpu_ms_per_gigabyte)},
                       {"rounds", row.gigabytes_per_second.size()}});
  }
  document["servers"] = std::move(servers);
  return document;
}

}  // namespace uncork::lab
