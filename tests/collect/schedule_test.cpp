// When polls are due, in virtual time.

#include "collect/schedule.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace uncork::collect {
namespace {

constexpr core::Micros kSecond{1'000'000};
core::Time at(double seconds) { return core::Time{} + core::Micros(static_cast<std::int64_t>(seconds * 1e6)); }

TEST(Schedule, polls_at_once_and_then_at_intervals) {
  Schedule schedule(10 * kSecond, 0, at(5), 1);
  EXPECT_EQ(schedule.next(), at(5));
  schedule.begin(at(5));
  EXPECT_EQ(schedule.next(), at(15));
  schedule.begin(at(15.2));
  EXPECT_EQ(schedule.next(), at(25)) << "a poll that begins late does not move the others";
}

TEST(Schedule, counts_the_polls_that_a_long_one_left_no_time_for) {
  Schedule schedule(kSecond, 0, at(0), 1);
  schedule.begin(at(0));
  schedule.begin(at(4.5));
  EXPECT_EQ(schedule.missed(), 3U);
  EXPECT_EQ(schedule.next(), at(5.5)) << "not four at once";
}

TEST(Schedule, is_never_later_than_the_interval_nor_sooner_than_the_jitter_lets_it) {
  rc::check([] {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    Schedule schedule(kSecond, 0.25, at(0), seed);
    core::Time before = at(0);
    schedule.begin(before);
    bool differ = false;
    for (int i = 0; i < 20; ++i) {
      const core::Micros apart = schedule.next() - before;
      RC_ASSERT(apart <= kSecond);
      RC_ASSERT(apart >= core::Micros(750'000));
      differ = differ || apart != kSecond;
      before = schedule.next();
      schedule.begin(before);
    }
    RC_ASSERT(differ);
    RC_ASSERT(schedule.missed() == 0U);
  });
}

TEST(Schedule, polls_at_once_when_asked_and_goes_on_as_before) {
  Schedule schedule(10 * kSecond, 0, at(0), 1);
  schedule.begin(at(0));
  schedule.trigger(at(3));
  EXPECT_EQ(schedule.next(), at(3));
  schedule.begin(at(3));
  EXPECT_EQ(schedule.next(), at(10));
}

TEST(Schedule, of_a_burst_polls_as_often_as_was_asked) {
  Schedule schedule(10 * kSecond, 0, at(0), 1);
  schedule.begin(at(0));
  schedule.burst(at(1), 3, core::Micros(100'000));
  for (const double due : {1.0, 1.1, 1.2}) {
    EXPECT_EQ(schedule.next(), at(due));
    schedule.begin(at(due));
  }
  EXPECT_EQ(schedule.next(), at(10));
  schedule.burst(at(2), 0, kSecond);
  EXPECT_EQ(schedule.next(), at(10));
}

TEST(Schedule, goes_on_with_a_burst_after_a_poll_that_was_asked_for) {
  Schedule schedule(10 * kSecond, 0, at(0), 1);
  schedule.begin(at(0));
  schedule.burst(at(1), 2, kSecond);
  schedule.begin(at(1));
  schedule.trigger(at(1.5));
  EXPECT_EQ(schedule.next(), at(1.5));
  schedule.begin(at(1.5));
  EXPECT_EQ(schedule.next(), at(2));
}

TEST(Schedule, takes_a_new_interval_at_once) {
  Schedule schedule(60 * kSecond, 0, at(0), 1);
  schedule.begin(at(0));
  schedule.change(10 * kSecond, 0);
  EXPECT_EQ(schedule.next(), at(10));
  schedule.begin(at(10));
  schedule.change(30 * kSecond, 0);
  EXPECT_EQ(schedule.next(), at(20)) << "what is due stays";
  schedule.begin(at(20));
  EXPECT_EQ(schedule.next(), at(50));
}

}  // namespace
}  // namespace uncork::collect
