#include <fmt/format.h>

#include "core/duration.hpp"
#include "lab/coalesce/coalesce.hpp"
#include "lab/coalesce/coalesce_judge.hpp"

namespace uncork::lab {
namespace {

constexpr const char* kLine = "{:<9} {:<9} {:>10} {:>11} {:>9} {:>7} {:>8} {:>8}\n";

std::string optional_figure(const std::optional<double>& figure) { return figure ? fmt::format("{:.4f}", *figure) : "-"; }

}  // namespace

std::string coalesce_text(const CoalesceResult& result) {
  std::string text =
      fmt::format(kLine, "TRANSPORT", "WRITES", "MESSAGES/S", "CPU/MESSAGE", "SENDS/MSG", "HELD", "LONE P50", "LONE P99");
  for (const CoalesceRow& row : result.rows) {
    text += fmt::format(kLine, name(row.transport), name(row.writes), fmt::format("{:.0f}", median(row.messages_per_second)),
                        fmt::format("{:.0f} ns", row.cpu_ns_per_message), optional_figure(row.sends_per_message),
                        row.held ? core::to_string(*row.held) : "-", core::to_string(row.lone.quantile(0.5)),
                        core::to_string(row.lone.quantile(0.99)));
  }
  return text + "\n" + criteria_text(result.criteria);
}

nlohmann::json coalesce_json(const CoalesceResult& result) {
  nlohmann::json rows = nlohmann::json::array();
  for (const CoalesceRow& row : result.rows) {
    nlohmann::json json = {{"transport", name(row.transport)},
                           {"writes", name(row.writes)},
                           {"messages_per_s", median(row.messages_per_second)},
                           {"cpu_ns_per_message", row.cpu_ns_per_message},
                           {"sends_per_message", nullptr},
                           {"held_ms", nullptr},
                           {"lone_p50_ms", core::to_ms(row.lone.quantile(0.5))},
                           {"lone_p99_ms", core::to_ms(row.lone.quantile(0.99))}};
    if (row.sends_per_message) json["sends_per_message"] = *row.sends_per_message;
    if (row.held) json["held_ms"] = core::to_ms(*row.held);
    rows.push_back(std::move(json));
  }
  return scenario_json("coalesce", result.criteria, std::move(rows));
}

}  // namespace uncork::lab
