#pragma once
// The live view of `uncork watch`: one line a connection that loses time.

#include <span>
#include <string>

#include "core/clock.hpp"
#include "stall/verdict.hpp"

namespace uncork::report {

struct WatchLine {
  stall::Verdict verdict;
  double lost_ms_per_second = 0;  ///< since the view before
  bool ended = false;
};

struct WatchSummary {
  core::Micros watched{0};
  std::size_t connections = 0;  ///< seen so far, ended ones included
  std::size_t losing = 0;       ///< of these, how many lost more than the wished least
};

enum class Color : bool { no, yes };

/// A heading and the lines in the order given. `width` 0: unlimited; the heading is not cut.
[[nodiscard]] std::string watch_table(std::span<const WatchLine> lines, const WatchSummary& summary, std::size_t width,
                                      Color color);

}  // namespace uncork::report
