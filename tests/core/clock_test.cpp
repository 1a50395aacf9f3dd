#include "core/clock.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace uncork::core {
namespace {

Time kernel_monotonic() {
  timespec now{};
  EXPECT_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0);
  return Time(Micros(now.tv_sec * 1'000'000 + now.tv_nsec / 1'000));
}

TEST(Clock, is_the_clock_that_the_kernel_stamps_tcp_events_with) {
  const Time before = kernel_monotonic();
  const Time now = MonotonicClock::now();
  const Time after = kernel_monotonic();
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

TEST(Clock, gives_people_milliseconds_with_their_fraction) {
  EXPECT_DOUBLE_EQ(to_ms(Micros(41'300)), 41.3);
  EXPECT_DOUBLE_EQ(to_ms(Micros(-1)), -0.001);
}

}  // namespace
}  // namespace uncork::core
