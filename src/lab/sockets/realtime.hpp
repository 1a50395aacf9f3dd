#pragma once
// The clock of looks and rows.

#include <chrono>
#include <cstdint>

namespace uncork::lab {

/// CLOCK_REALTIME.
[[nodiscard]] inline std::int64_t realtime_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace uncork::lab
