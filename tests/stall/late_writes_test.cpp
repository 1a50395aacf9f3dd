// How late each write's last byte left, as the kernel programs count it.

#include "stall/late_writes.h"

#include <gtest/gtest.h>

namespace {

constexpr uncork_u64 kNow = 7'000'000;

TEST(LateWrites, counts_each_write_from_its_own_time) {
  uncork_waiting waiting{};
  uncork_late late{};
  uncork_keep_waiting(&waiting, kNow, 100, 0);
  uncork_keep_waiting(&waiting, kNow + 300, 160, 0);
  uncork_let_leave(&waiting, &late, kNow + 1'000, 160);
  EXPECT_EQ(late.sum_us, 1'700U);
  EXPECT_EQ(late.writes, 2U);
  EXPECT_EQ(late.worst_us, 1'000U);
  EXPECT_EQ(waiting.count, 0U);
}

TEST(LateWrites, a_write_has_left_when_its_last_byte_has) {
  uncork_waiting waiting{};
  uncork_late late{};
  uncork_keep_waiting(&waiting, kNow, 100, 0);
  uncork_let_leave(&waiting, &late, kNow + 400, 99);
  EXPECT_EQ(late.writes, 0U);
  uncork_let_leave(&waiting, &late, kNow + 900, 100);
  EXPECT_EQ(late.sum_us, 900U);
  EXPECT_EQ(late.writes, 1U);
}

TEST(LateWrites, what_left_at_once_was_not_late) {
  uncork_waiting waiting{};
  uncork_late late{};
  uncork_keep_waiting(&waiting, kNow, 100, 0);
  uncork_let_leave(&waiting, &late, kNow, 100);
  EXPECT_EQ(late.writes, 0U);
  EXPECT_EQ(waiting.count, 0U);
}

TEST(LateWrites, more_of_a_write_that_has_not_returned_is_the_same_write) {
  uncork_waiting waiting{};
  uncork_late late{};
  uncork_keep_waiting(&waiting, kNow, 100, 0);
  uncork_keep_waiting(&waiting, kNow + 5'000, 250, 1);
  EXPECT_EQ(waiting.count, 1U);
  uncork_let_leave(&waiting, &late, kNow + 8'000, 250);
  EXPECT_EQ(late.sum_us, 8'000U);
  EXPECT_EQ(late.writes, 1U);
}

TEST(LateWrites, of_a_write_whose_first_part_has_left_the_rest_is_not_counted_again) {
  uncork_waiting waiting{};
  uncork_late late{};
  uncork_keep_waiting(&waiting, kNow, 100, 0);
  uncork_let_leave(&waiting, &late, kNow + 1'000, 100);
  uncork_keep_waiting(&waiting, kNow + 5'000, 250, 1);
  uncork_let_leave(&waiting, &late, kNow + 8'000, 250);
  EXPECT_EQ(late.sum_us, 1'000U);
  EXPECT_EQ(late.writes, 1U);
  EXPECT_EQ(late.worst_us, 1'000U);
}

TEST(LateWrites, more_than_sixteen_that_wait_are_all_counted_and_the_newest_share_an_entry) {
  uncork_waiting waiting{};
  uncork_late late{};
  constexpr unsigned kWrites = 40;
  uncork_u64 exact_us = 0;
  for (unsigned i = 0; i < kWrites; ++i) {
    uncork_keep_waiting(&waiting, kNow + i * 100, 10 * (i + 1), 0);
    exact_us += 10'000 - i * 100;
  }
  EXPECT_EQ(waiting.count, static_cast<unsigned>(UNCORK_WAITING_WRITES));
  uncork_let_leave(&waiting, &late, kNow + 10'000, 10 * kWrites);
  EXPECT_EQ(late.writes, kWrites);
  EXPECT_NEAR(static_cast<double>(late.sum_us), static_cast<double>(exact_us), kWrites * kWrites / 2.0) << "a mean is rounded";
  EXPECT_EQ(late.worst_us, 10'000U);
}

TEST(LateWrites, goes_on_when_sequence_numbers_and_the_clock_wrap_around) {
  uncork_waiting waiting{};
  uncork_late late{};
  const uncork_u64 before = (uncork_u64{1} << 32) - 500;
  uncork_keep_waiting(&waiting, before, 0xfffffff0U, 0);
  uncork_keep_waiting(&waiting, before + 100, 0x20U, 0);
  uncork_let_leave(&waiting, &late, before + 1'000, 0xfffffff0U);
  EXPECT_EQ(late.writes, 1U);
  uncork_let_leave(&waiting, &late, before + 1'000, 0x20U);
  EXPECT_EQ(late.sum_us, 1'900U);
  EXPECT_EQ(late.writes, 2U);
}

}  // namespace
