#pragma once
// The answer of `uncork top`: who lost how much time in a span of the past.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "report/watch_table.hpp"
#include "stall/service.hpp"

namespace uncork::report {

/// How the lost time of the second half of the span compares with that of the first: by half as much again, either way, it rises
/// or falls. `none`: nothing was lost, or the span cannot be halved.
enum class Trend : std::uint8_t { none, began, rises, steady, falls, over };
[[nodiscard]] Trend trend_of(core::Micros first_half, core::Micros second_half);
/// `-`, `new`, `rising`, `steady`, `falling`, `over`.
[[nodiscard]] std::string_view name(Trend trend);

struct TopLine {
  stall::ServiceVerdict verdict;
  std::string container;  ///< empty: none
  Trend trend = Trend::none;
};

struct TopSummary {
  std::string span;                     ///< `2026-11-27 14:03 to 14:13`
  std::string_view groups = "service";  ///< what a line is of: `service`, `container`
  std::size_t all = 0;                  ///< before those beyond the first few were left out
  std::size_t losing = 0;               ///< of all, those that lost what matters
};

/// A heading and the lines in the order given. `width` 0: unlimited.
[[nodiscard]] std::string top_table(std::span<const TopLine> lines, const TopSummary& summary, std::size_t width, Color color);

/// One line as a JSON object; docs/top.md has the shape.
[[nodiscard]] core::Json top_json(const TopLine& line, std::string_view groups);

}  // namespace uncork::report
