#include <fmt/format.h>

#include <algorithm>

#include "core/duration.hpp"
#include "core/json.hpp"
#include "lab/heartbeat/heartbeat.hpp"
#include "lab/heartbeat/heartbeat_judge.hpp"

namespace uncork::lab {
namespace {

constexpr const char* kLine = "{:<7} {:<12} {:<16} {:>15} {:>15} {:>4} {:>4}\n";

/// The least and the greatest of a figure over a cell's runs.
template <typename Figure>
std::string range(const std::vector<const HeartbeatRow*>& cell, Figure figure) {
  std::optional<core::Micros> least;
  std::optional<core::Micros> most;
  for (const HeartbeatRow* row : cell) {
    const std::optional<core::Micros> value = figure(*row);
    if (!value) continue;
    least = std::min(least.value_or(*value), *value);
    most = std::max(most.value_or(*value), *value);
  }
  if (!least) return "-";
  return *least == *most ? core::to_string(*least) : core::to_string(*least) + " - " + core::to_string(*most);
}

/// How long it took: from the stop, from the last progress, or from the start.
std::optional<core::Micros> duration_of(const HeartbeatRow& row) {
  if (row.setup.peer == PeerKind::stopped) return row.after_stop;
  if (row.setup.peer == PeerKind::unread) return row.since_progress;
  return row.ran;
}

std::string end_text(const std::vector<const HeartbeatRow*>& cell) {
  const HeartbeatRow& first = *cell.front();
  const bool same = std::ranges::all_of(cell, [&](const HeartbeatRow* row) { return row->error == first.error; });
  if (!same) return "differently";
  if (!first.error) return "lived";
  const std::string error = name(first.error);
  return (error == "peer_silent" ? "silent" : error) + (first.expired == stream::liveness_clock::writing ? " (writing)" : "");
}

std::string window_share(const std::vector<const HeartbeatRow*>& cell) {
  double share = 0;
  for (const HeartbeatRow* row : cell) {
    if (!row->receive_window) return "-";
    share += row->receive_window_share / static_cast<double>(cell.size());
  }
  return fmt::format("{:.0f}%", 100 * share);
}

std::string cell_text(const HeartbeatSetup& setup, const std::vector<const HeartbeatRow*>& cell) {
  if (cell.empty()) return "";
  std::uint64_t heartbeats = 0;
  for (const HeartbeatRow* row : cell) heartbeats += row->heartbeats_received;
  std::string text =
      fmt::format(kLine, name(setup.peer), name(setup.policy), end_text(cell), range(cell, duration_of),
                  range(cell, [](const HeartbeatRow& row) { return std::optional(row.longest_gap); }),
                  fmt::format("{:.0f}", static_cast<double>(heartbeats) / static_cast<double>(cell.size())), window_share(cell));
  for (const HeartbeatRow* row : cell) {
    if (!row->failed_because.empty()) text += fmt::format("         FAILED: seed {}: {}\n", row->seed, row->failed_because);
  }
  return text;
}

template <typename T>
core::Json or_null(const std::optional<T>& value) {
  return value ? core::Json(*value) : core::Json(nullptr);
}
core::Json ms_or_null(const std::optional<core::Micros>& value) {
  return value ? core::Json(core::to_ms(*value)) : core::Json(nullptr);
}

}  // namespace

std::string heartbeat_text(const HeartbeatResult& result) {
  std::string text = fmt::format(kLine, "PEER", "POLICY", "ENDED", "AFTER", "LONGEST GAP", "HB", "WIN");
  for (const HeartbeatSetup& setup : heartbeat_setups()) {
    std::vector<const HeartbeatRow*> cell;
    for (const HeartbeatRow& row : result.rows) {
      if (row.setup == setup) cell.push_back(&row);
    }
    text += cell_text(setup, cell);
  }
  return text + "\n" + criteria_text(result.criteria);
}

core::Json heartbeat_json(const HeartbeatResult& result) {
  core::Json rows = core::Json::array();
  for (const HeartbeatRow& row : result.rows) {
    rows.push_back({{"peer", name(row.setup.peer)},
                    {"policy", name(row.setup.policy)},
                    {"seed", row.seed},
                    {"ran_ms", core::to_ms(row.ran)},
                    {"error", row.error ? core::Json(name(row.error)) : core::Json(nullptr)},
                    {"expired", name(row.expired)},
                    {"longest_gap_ms", core::to_ms(row.longest_gap)},
                    {"after_stop_ms", ms_or_null(row.after_stop)},
                    {"since_progress_ms", ms_or_null(row.since_progress)},
                    {"heartbeats_received", row.heartbeats_received},
                    {"frames_received", row.frames_received},
                    {"frames_sent", row.frames_sent},
                    {"frames_checked", or_null(row.frames_checked)},
                    {"frames_out_of_order", row.frames_out_of_order},
                    {"receive_window_ms", ms_or_null(row.receive_window)},
                    {"receive_window_share", row.receive_window ? core::Json(row.receive_window_share) : core::Json(nullptr)},
                    {"passed", row.failed_because.empty()},
                    {"failed_because", row.failed_because}});
  }
  return scenario_json("heartbeat", result.criteria, std::move(rows));
}

}  // namespace uncork::lab
