#include "lab/transmit/transfer_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"

namespace uncork::lab {
namespace {

std::string rate_text(std::uint64_t bytes, core::Micros took) {
  const double per_second = static_cast<double>(bytes) / std::max(core::to_ms(took) / 1000, 1e-6);
  if (per_second >= 1e9) return fmt::format("{:.2f} GB/s", per_second / 1e9);
  if (per_second >= 1e6) return fmt::format("{:.1f} MB/s", per_second / 1e6);
  return fmt::format("{:.1f} kB/s", per_second / 1e3);
}

double seconds(core::Micros took) { return core::to_ms(took) / 1000; }

}  // namespace

std::string sent_line(const SendSummary& summary) {
  std::string line = summary.interrupted && summary.sent < summary.expected
                         ? fmt::format("interrupted: sent {} of {}", summary.sent, core::count_of(summary.expected, "byte"))
                         : "sent " + core::count_of(summary.sent, "byte");
  line += fmt::format(" in {} ({})", core::to_string(summary.took), rate_text(summary.sent, summary.took));
  const std::uint64_t first_time =
      summary.segments.data_out - std::min(summary.segments.data_out, summary.segments.retransmitted);
  line += ": " + core::count_of(summary.segments.data_out, "segment");
  if (first_time == summary.minimum_segments()) {
    line += fmt::format(", the fewest possible at {} bytes each", summary.segments.mss);
  } else {
    line += fmt::format(", {} the fewest possible at {} bytes each", summary.minimum_segments(), summary.segments.mss);
  }
  if (summary.segments.retransmitted > 0) line += fmt::format(", {} sent again", summary.segments.retransmitted);
  return line;
}

core::Json sent_json(const SendSummary& summary) {
  return {{"sent", summary.sent},
          {"expected", summary.expected},
          {"seconds", seconds(summary.took)},
          {"segments", summary.segments.data_out},
          {"minimum_segments", summary.minimum_segments()},
          {"mss", summary.segments.mss},
          {"retransmitted", summary.segments.retransmitted},
          {"interrupted", summary.interrupted}};
}

std::string received_line(const ReceiveSummary& summary) {
  return fmt::format("{}received {} in {} ({}) from {}", summary.interrupted ? "interrupted: " : "",
                     core::count_of(summary.bytes, "byte"), core::to_string(summary.took), rate_text(summary.bytes, summary.took),
                     core::to_string(summary.peer));
}

core::Json received_json(const ReceiveSummary& summary) {
  core::Json json = {{"type", "received"},
                     {"peer", core::to_string(summary.peer)},
                     {"bytes", summary.bytes},
                     {"seconds", seconds(summary.took)},
                     {"interrupted", summary.interrupted},
                     {"error", nullptr}};
  if (summary.error) json["error"] = summary.error->message;
  return json;
}

std::string progress_bar(std::uint64_t done, std::uint64_t expected, core::Micros took, int width) {
  const std::string figures = fmt::format("{} ({})", core::count_of(done, "byte"), rate_text(done, took));
  constexpr int kPercent = 8;  // ` 100 %  `
  constexpr int kLeastBar = 5;
  const int bar = std::min(width - kPercent - static_cast<int>(figures.size()) - 2, 40);
  std::string line = figures;
  if (expected > 0 && bar >= kLeastBar) {
    const double share = std::min(static_cast<double>(done) / static_cast<double>(expected), 1.0);
    const auto full = static_cast<std::size_t>(share * bar);
    line = fmt::format("[{}{}] {:3.0f} %  {}", std::string(full, '#'), std::string(static_cast<std::size_t>(bar) - full, '.'),
                       100 * share, figures);
  }
  return line.substr(0, static_cast<std::size_t>(std::max(width, 0)));
}

}  // namespace uncork::lab
