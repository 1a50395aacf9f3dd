#pragma once
// What this process costs.

#include <cstdint>

#include "core/clock.hpp"

namespace uncork::core {

/// A value. What could not be read is 0.
struct OwnCost {
  Micros cpu{0};                ///< of all threads, in the kernel too (getrusage(2))
  std::uint64_t rss_bytes = 0;  ///< now (/proc/self/stat)
  std::uint64_t threads = 0;    ///< now
};

/// Any thread.
[[nodiscard]] OwnCost own_cost();

/// Processor time of the calling thread since it began (CLOCK_THREAD_CPUTIME_ID).
[[nodiscard]] Micros thread_cpu();

}  // namespace uncork::core
