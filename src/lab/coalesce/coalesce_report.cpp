#include <fmt/format.h>

#include "core/duration.hpp"
#include "lab/coalesce/coalesce.hpp"
#include "lab/coalesce/coalesce_judge.hpp"

namespace uncork::lab {
namespace {

constexpr const char* kLine = "{:<9} {:<9} {:>10} {:>11} {:>9} {:>7} {:>8} {:>8}\n";

constexpr const char* kAnswerLine = "{:<9} {:<11} {:<8} {:>6} {:>10} {:>10} {:>12} {:>6}\n";

std::string optional_figure(const std::optional<double>& figure) { return figure ? fmt::format("{:.4f}", *figure) : "-"; }

std::string speed_up(const AnswerRow& row) {
  const auto ratio = paired_ratio(row.coalesced.answers_per_second, row.plain.answers_per_second);
  return ratio ? fmt::format("{:.2f}", ratio->median) : "-";
}

std::string answers_text(const std::vector<AnswerRow>& rows) {
  std::string text =
      fmt::format(kAnswerLine, "PROTOCOL", "ASKED", "GREETING", "WRITES", "ANSWERS/S", "SENDS/ANSW", "PLAIN SENDS", "TIMES");
  for (const AnswerRow& row : rows) {
    text +=
        fmt::format(kAnswerLine, name(row.protocol), row.pipelined ? fmt::format("{} at once", kPipelined) : "one by one",
                    row.greeted ? "yes" : "no", row.writes, fmt::format("{:.0f}", median(row.coalesced.answers_per_second)),
                    optional_figure(row.coalesced.sends_per_answer), optional_figure(row.plain.sends_per_answer), speed_up(row));
  }
  return text;
}

core::Json side_json(const AnswerSide& side) {
  core::Json json = {{"answers_per_s", median(side.answers_per_second)}, {"sends_per_answer", nullptr}};
  if (side.sends_per_answer) json["sends_per_answer"] = *side.sends_per_answer;
  return json;
}

core::Json answers_json(const std::vector<AnswerRow>& rows) {
  core::Json all = core::Json::array();
  for (const AnswerRow& row : rows) {
    core::Json json = {{"protocol", name(row.protocol)},
                       {"pipelined", row.pipelined ? kPipelined : 1},
                       {"greeting", row.greeted},
                       {"writes", row.writes},
                       {"plain", side_json(row.plain)},
                       {"coalesced", side_json(row.coalesced)},
                       {"speed_up", nullptr}};
    if (const auto ratio = paired_ratio(row.coalesced.answers_per_second, row.plain.answers_per_second)) {
      json["speed_up"] = ratio->median;
    }
    all.push_back(std::move(json));
  }
  return all;
}

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
  return text + "\n" + answers_text(result.answers) + "\n" + criteria_text(result.criteria);
}

core::Json coalesce_json(const CoalesceResult& result) {
  core::Json rows = core::Json::array();
  for (const CoalesceRow& row : result.rows) {
    core::Json json = {{"transport", name(row.transport)},
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
  core::Json document = scenario_json("coalesce", result.criteria, std::move(rows));
  document["answers"] = answers_json(result.answers);
  return document;
}

}  // namespace uncork::lab
