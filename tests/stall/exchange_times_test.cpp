#include "stall/exchange_times.hpp"

#include <gtest/gtest.h>

namespace uncork::stall {
namespace {

using core::Micros;

TEST(ExchangeTimes, leaves_what_came_since_an_earlier_reading) {
  ExchangeTimes times;
  times.add(Micros(40'000), 100);
  const ExchangeTimes earlier = times;
  times.add(Micros(8), 3);
  times -= earlier;
  EXPECT_EQ(times.count(), 3U);
  EXPECT_EQ(times.quantile(0.99), Micros(8));
  ExchangeTimes none;
  none -= times;
  EXPECT_EQ(none.count(), 0U) << "less than nothing is nothing";
}

TEST(ExchangeTimes, has_a_mean_within_a_thirty_second) {
  EXPECT_EQ(ExchangeTimes().mean(), 0);
  ExchangeTimes exact;
  exact.add(Micros(2), 3);
  exact.add(Micros(10));
  EXPECT_DOUBLE_EQ(exact.mean(), 4);
  for (const int us : {17, 100, 1000, 44'000, 3'000'000}) {
    ExchangeTimes times;
    times.add(Micros(us), 7);
    EXPECT_NEAR(times.mean(), us, us / 32.0 + 0.5) << us;
  }
}

}  // namespace
}  // namespace uncork::stall
