#pragma once
// The one clock of uncork: CLOCK_MONOTONIC in microseconds, which is also what the kernel's TCP stamps
// (tcp_sock.tcp_mstamp) and BPF (bpf_ktime_get_ns) use, so times from all sources compare directly.

#include <chrono>
#include <cstdint>

namespace uncork::core {

using Micros = std::chrono::duration<std::int64_t, std::micro>;

/// A point on CLOCK_MONOTONIC; what a sans-I/O core is fed in place of a clock.
struct MonotonicClock {
  using rep = Micros::rep;
  using period = Micros::period;
  using duration = Micros;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
  /// Drivers only: cores are given their time.
  [[nodiscard]] static time_point now() noexcept;
};

using Time = MonotonicClock::time_point;

/// Milliseconds for people and JSON.
[[nodiscard]] constexpr double to_ms(Micros d) { return static_cast<double>(d.count()) / 1000.0; }

}  // namespace uncork::core
