#include "cure/process_identity.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace uncork::cure {
namespace {

TEST(ProcessIdentity, finds_the_start_time_behind_any_command_name) {
  const std::string fields = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 981723 20 21\n";
  EXPECT_EQ(parse_start_ticks("4242 (sleep)" + fields).value(), 981723U);
  EXPECT_EQ(parse_start_ticks("4242 (a ) b (c)) d)" + fields).value(), 981723U);
}

TEST(ProcessIdentity, refuses_a_stat_that_is_cut_short) {
  EXPECT_FALSE(parse_start_ticks("").has_value());
  EXPECT_FALSE(parse_start_ticks("4242 (sleep").has_value());
  EXPECT_FALSE(parse_start_ticks("4242 (sleep) S 1 2 3").has_value());
  EXPECT_FALSE(parse_start_ticks("4242 (sleep) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ").has_value());
}

TEST(ProcessIdentity, reads_status_fields_by_their_whole_label) {
  const std::string status = "Name:\tsleep\nTgid:\t12\nUid:\t1000\t0\t0\t0\nCapEff:\t00000000000800ff\n";
  EXPECT_EQ(parse_status_field(status, "Tgid:").value(), 12U);
  EXPECT_EQ(parse_status_field(status, "Uid:").value(), 1000U);
  EXPECT_EQ(parse_status_field(status, "CapEff:", 16).value(), 0x800ffU);
  EXPECT_FALSE(parse_status_field(status, "Gid:").has_value());
  EXPECT_FALSE(parse_status_field(status, "Name:").has_value());
  EXPECT_FALSE(parse_status_field("Uid:", "Uid:").has_value());
}

TEST(ProcessIdentity, is_the_same_each_time_and_differs_between_processes) {
  const auto own = identify_process(::getpid());
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ(*own, identify_process(::getpid()).value());
  EXPECT_NE(*own, identify_process(::getppid()).value());
  EXPECT_EQ(own->boot_id.size(), 36U);
}

TEST(ProcessIdentity, knows_the_command_and_says_nothing_for_a_process_that_is_not) {
  EXPECT_EQ(command_of(::getpid()), "cure_test");
  EXPECT_EQ(command_of((1 << 22) + 1), "");
}

}  // namespace
}  // namespace uncork::cure
