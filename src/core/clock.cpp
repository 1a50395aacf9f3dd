#include "core/clock.hpp"

#include <ctime>

namespace uncork::core {

MonotonicClock::time_point MonotonicClock::now() noexcept {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return time_point(Micros(std::int64_t{ts.tv_sec} * 1'000'000 + ts.tv_nsec / 1'000));
}

}  // namespace uncork::core
