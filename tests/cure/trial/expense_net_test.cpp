#include "cure/trial/expense.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "core/syscall.hpp"
#include "tests/cure/target_process.hpp"

namespace uncork::cure {
namespace {

TEST(TrialExpense, counts_the_processor_time_of_a_process) {
  const auto before = cpu_nanoseconds(::getpid()).value();
  volatile unsigned sink = 0;
  while (cpu_nanoseconds(::getpid()).value() - before < 20'000'000) sink = sink + 1;
  const auto idle = testing::TargetProcess::holding({});
  EXPECT_LT(cpu_nanoseconds(idle.pid()).value(), 1'000'000'000U);
  EXPECT_FALSE(cpu_nanoseconds(4'194'304).has_value());
}

TEST(TrialExpense, counts_the_segments_of_the_connections_with_a_port) {
  const auto one = testing::connect_pair();
  const auto other = testing::connect_pair();
  const std::vector<pid_t> us = {::getpid()};
  const auto port = one.server_port();
  const SegmentCounts before = count_segments(us, port);
  EXPECT_EQ(before.size(), 2U) << "both ends are ours";
  const std::array<std::byte, 1> byte{};
  constexpr int kWrites = 20;
  for (int i = 0; i < kWrites; ++i) {
    ASSERT_TRUE(core::send_all(one.client, byte).has_value());
    std::array<std::byte, 1> got{};
    ASSERT_TRUE(core::read_some(one.server, got).has_value());
  }
  const auto sent = segments_between(before, count_segments(us, port), 0);
  ASSERT_TRUE(sent.has_value());
  EXPECT_GE(*sent, kWrites);
  EXPECT_LE(*sent, 3 * kWrites) << "with the ACKs";
}

TEST(TrialExpense, does_not_know_what_was_sent_by_connections_that_came_and_went) {
  const SegmentCounts before = {{{1, 1}, 10}, {{2, 1}, 10}};
  const SegmentCounts after = {{{1, 1}, 15}, {{2, 1}, 12}, {{3, 1}, 4}};
  EXPECT_EQ(segments_between(before, after, 1), 11);
  EXPECT_EQ(segments_between(before, after, 7), std::nullopt) << "six opened and closed";
  EXPECT_EQ(segments_between(before, {{{1, 1}, 15}}, 0), std::nullopt);
  EXPECT_EQ(segments_between({}, {}, 0), std::nullopt);
  EXPECT_EQ(segments_between({{{1, 1}, 0xfffffff0U}}, {{{1, 1}, 0x10}}, 0), 0x20) << "gone round";
}

}  // namespace
}  // namespace uncork::cure
