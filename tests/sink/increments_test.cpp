#include "sink/store/increments.hpp"

#include <gtest/gtest.h>

#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using testing::some_gain;

TEST(Increments, a_service_that_was_not_there_gained_all_that_it_has) {
  Increments increments;
  EXPECT_EQ(increments.of(some_gain("nginx", 80, 5).gain).account.exchanges, 5U);
}

TEST(Increments, what_grew_is_what_was_gained) {
  Increments increments;
  stall::Service sums = some_gain("nginx", 80, 5).gain;
  static_cast<void>(increments.of(sums));
  sums.account += some_gain("nginx", 80, 3).gain.account;
  sums.times += some_gain("nginx", 80, 3).gain.times;
  sums.connections = 4;
  sums.open = 2;
  const stall::Service gain = increments.of(sums);
  testing::expect_alike(gain.account, some_gain("nginx", 80, 3).gain.account);
  EXPECT_EQ(gain.times, some_gain("nginx", 80, 3).gain.times);
  EXPECT_EQ(gain.connections, 3U);
  EXPECT_EQ(gain.open, 2U);
}

TEST(Increments, sums_that_shrank_count_anew) {
  Increments increments;
  static_cast<void>(increments.of(some_gain("nginx", 80, 5).gain));
  EXPECT_EQ(increments.of(some_gain("nginx", 80, 2).gain).account.exchanges, 2U);
}

TEST(Increments, a_service_that_had_no_part_in_a_poll_is_forgotten) {
  Increments increments;
  static_cast<void>(increments.of(some_gain("nginx", 80, 5).gain));
  increments.end_poll();
  increments.end_poll();
  EXPECT_EQ(increments.of(some_gain("nginx", 80, 7).gain).account.exchanges, 7U);
}

}  // namespace
}  // namespace uncork::sink
