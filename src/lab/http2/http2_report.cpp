#include <fmt/format.h>

#include "core/duration.hpp"
#include "lab/http2/http2.hpp"
#include "lab/http2/http2_judge.hpp"

namespace uncork::lab {
namespace {

constexpr const char* kLine = "{:<4} {:<8} {:<11} {:>10} {:>9} {:>9} {:>8} {:>7} {:>6}\n";
constexpr double kSaturated = 0.9;  // of a thread's time

std::string cpu_text(double nanoseconds) {
  return nanoseconds < 100'000 ? fmt::format("{:.0f} ns", nanoseconds)
                               : core::to_string(core::Micros(static_cast<std::int64_t>(nanoseconds / 1000)));
}

std::string ratio_text(const std::vector<Http2Row>& rows, const Http2Row& row) {
  const auto ratio = against_frame(rows, row);
  return ratio ? fmt::format("{:.2f}", ratio->median) : "-";
}

std::string nagle_text(const std::vector<Http2Row>& rows) {
  const auto seen = nagle_was_seen(rows);
  if (!seen || *seen) return "";
  return "This machine's loopback shows no stall of frame-nagle; that it is held is not judged.\n";
}

/// Where the client computed all the time, and the server did not.
std::string client_text(const std::vector<Http2Row>& rows) {
  std::string cells;
  for (const Http2Row& row : rows) {
    const double server_share = median(row.requests_per_second) * median(row.cpu_ns_per_request) / 1e9;
    if (median(row.client_share) < kSaturated || server_share >= kSaturated) continue;
    cells += fmt::format("{}{} {} {}", cells.empty() ? "" : ", ", name(row.transport), name(row.shape), name(row.sends));
  }
  if (cells.empty()) return "";
  return fmt::format("The load client, not the server, was the limit of {}: the server could do more.\n", cells);
}

}  // namespace

std::string http2_text(const Http2Result& result) {
  std::string text =
      fmt::format(kLine, "OVER", "LOAD", "SENDS BY", "REQUESTS/S", "SENDS/REQ", "CPU/REQ", "HELD", "TIMES", "CLIENT");
  for (const Http2Row& row : result.rows) {
    text += fmt::format(kLine, name(row.transport), name(row.shape), name(row.sends),
                        fmt::format("{:.0f}", median(row.requests_per_second)),
                        row.sends_per_request ? fmt::format("{:.4f}", *row.sends_per_request) : "-",
                        cpu_text(median(row.cpu_ns_per_request)), row.held ? core::to_string(*row.held) : "-",
                        ratio_text(result.rows, row), fmt::format("{:.0f} %", 100 * median(row.client_share)));
  }
  return text + "\n" + client_text(result.rows) + nagle_text(result.rows) + criteria_text(result.criteria);
}

core::Json http2_json(const Http2Result& result) {
  core::Json rows = core::Json::array();
  for (const Http2Row& row : result.rows) {
    core::Json json = {{"transport", name(row.transport)},
                       {"connections", row.shape.connections},
                       {"streams", row.shape.streams},
                       {"sends_by", name(row.sends)},
                       {"requests", row.requests},
                       {"failed", row.failed},
                       {"requests_per_s", median(row.requests_per_second)},
                       {"cpu_ns_per_request", median(row.cpu_ns_per_request)},
                       {"latency_p50_us", median(row.median_us)},
                       {"client_share", median(row.client_share)},
                       {"sends_per_request", nullptr},
                       {"held_ms", nullptr},
                       {"against_frame", nullptr}};
    if (row.sends_per_request) json["sends_per_request"] = *row.sends_per_request;
    if (row.held) json["held_ms"] = core::to_ms(*row.held);
    if (const auto ratio = against_frame(result.rows, row)) json["against_frame"] = ratio->median;
    rows.push_back(std::move(json));
  }
  core::Json document = scenario_json("http2", result.criteria, std::move(rows));
  document["nagle_seen"] = nullptr;
  if (const auto seen = nagle_was_seen(result.rows)) document["nagle_seen"] = *seen;
  return document;
}

}  // namespace uncork::lab
