// Waiting longer and longer.

#include "collect/backoff.hpp"

#include <gtest/gtest.h>

#include <set>

namespace uncork::collect {
namespace {

TEST(Backoff, doubles_up_to_its_longest_and_begins_again_after_a_success) {
  Backoff backoff({.first = core::Micros(100), .most = core::Micros(1'000)}, 1);
  for (const std::int64_t longest : {100, 200, 400, 800, 1'000, 1'000}) {
    const std::int64_t wait = backoff.failed().count();
    EXPECT_GE(wait, longest / 2);
    EXPECT_LE(wait, longest);
  }
  backoff.worked();
  EXPECT_LE(backoff.failed().count(), 100);
}

TEST(Backoff, waits_at_least_as_long_as_it_was_told) {
  Backoff backoff({.first = core::Micros(100), .most = core::Micros(1'000)}, 1);
  EXPECT_EQ(backoff.failed(core::Micros(5'000)), core::Micros(5'000));
}

TEST(Backoff, two_programs_do_not_wait_alike) {
  std::set<std::int64_t> waits;
  for (std::uint64_t seed = 0; seed < 10; ++seed) waits.insert(Backoff({}, seed).failed().count());
  EXPECT_GT(waits.size(), 5U);
}

TEST(Backoff, a_week_of_failures_is_no_trouble) {
  Backoff backoff({}, 1);
  for (int i = 0; i < 20'000; ++i) EXPECT_LE(backoff.failed(), core::Micros(30'000'000));
}

}  // namespace
}  // namespace uncork::collect
