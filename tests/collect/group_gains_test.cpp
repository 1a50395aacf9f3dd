#include "collect/group_gains.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace uncork::collect {
namespace {

using probe::ConnectionRow;
using sink::Grouping;
using ::testing::IsEmpty;

ConnectionRow some_row(std::uint64_t cookie, std::int32_t pid, std::uint8_t peer, std::uint64_t exchanges, int lost_ms = 0) {
  ConnectionRow row;
  row.where.cookie = cookie;
  row.where.process = {pid, "nginx"};
  row.where.remote.bytes = {10, 0, 0, peer};
  row.where.remote.port = static_cast<std::uint16_t>(40000 + cookie);
  row.where.netns = "net:[1]";
  row.account.exchanges = exchanges;
  row.account.exchange_log2[12] = static_cast<std::uint32_t>(exchanges);
  row.account.budget[stall::Cause::cork] = std::chrono::milliseconds(lost_ms);
  row.account.budget[stall::Cause::network] = std::chrono::milliseconds(exchanges);
  return row;
}

ConnectionRow ended(ConnectionRow row) {
  row.ended = true;
  return row;
}

/// Null: there is none.
const stall::Service* find(const std::vector<sink::ServiceGain>& gains, Grouping by, const std::string& name) {
  const auto found = std::ranges::find_if(
      gains, [&](const sink::ServiceGain& gain) { return gain.by == by && gain.gain.key.command == name && !gain.gain.others; });
  return found == gains.end() ? nullptr : &found->gain;
}

TEST(GroupGains, are_what_each_poll_added_by_process_and_by_peer) {
  GroupGains gains;
  static_cast<void>(gains.of(std::vector{some_row(1, 7, 5, 10), some_row(2, 7, 6, 1)}));
  const auto second = gains.of(std::vector{some_row(1, 7, 5, 13, 40), some_row(2, 7, 6, 3)});
  const stall::Service* const process = find(second, Grouping::process, "nginx[7]");
  ASSERT_NE(process, nullptr);
  EXPECT_EQ(process->account.exchanges, 5U);
  EXPECT_EQ(process->account.budget.lost(), std::chrono::milliseconds(40));
  EXPECT_EQ(process->times.count(), 5U);
  EXPECT_EQ(process->open, 2U);
  EXPECT_EQ(process->connections, 0U) << "none began";
  const stall::Service* const peer = find(second, Grouping::peer, "10.0.0.5");
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(peer->account.exchanges, 3U);
  EXPECT_EQ(peer->losers, 1U);
  EXPECT_EQ(peer->key.netns, "net:[1]");
  EXPECT_EQ(find(second, Grouping::peer, "10.0.0.6")->account.exchanges, 2U);
}

TEST(GroupGains, leave_out_who_gained_nothing) {
  GroupGains gains;
  static_cast<void>(gains.of(std::vector{some_row(1, 7, 5, 10)}));
  EXPECT_THAT(gains.of(std::vector{some_row(1, 7, 5, 10)}), IsEmpty());
}

TEST(GroupGains, count_as_open_what_is_idle_too) {
  GroupGains gains;
  static_cast<void>(gains.of(std::vector{some_row(1, 7, 5, 10), some_row(2, 7, 5, 1), some_row(3, 8, 5, 1)}));
  const auto second = gains.of(std::vector{some_row(1, 7, 5, 11), some_row(2, 7, 5, 1), some_row(3, 8, 5, 1)});
  EXPECT_EQ(find(second, Grouping::process, "nginx[7]")->open, 2U);
  EXPECT_EQ(find(second, Grouping::peer, "10.0.0.5")->open, 3U);
  EXPECT_EQ(find(second, Grouping::process, "nginx[8]"), nullptr);
}

TEST(GroupGains, count_the_last_of_a_connection_once) {
  GroupGains gains;
  static_cast<void>(gains.of(std::vector{some_row(1, 7, 5, 10)}));
  const auto last = gains.of(std::vector{ended(some_row(1, 7, 5, 12, 3))});
  EXPECT_EQ(find(last, Grouping::process, "nginx[7]")->account.exchanges, 2U);
  EXPECT_EQ(find(last, Grouping::process, "nginx[7]")->open, 0U);
  EXPECT_THAT(gains.of({}), IsEmpty());
}

TEST(GroupGains, begin_anew_with_a_connection_that_was_not_told_of_in_between) {
  GroupGains gains;
  static_cast<void>(gains.of(std::vector{some_row(1, 7, 5, 10)}));
  static_cast<void>(gains.of({}));  // it has ended, and lost nothing
  EXPECT_EQ(find(gains.of(std::vector{some_row(1, 7, 5, 4)}), Grouping::peer, "10.0.0.5")->account.exchanges, 4U);
}

TEST(GroupGains, sum_up_by_name_the_processes_that_came_and_went) {
  GroupGains gains;
  const auto all =
      gains.of(std::vector{ended(some_row(1, 100, 5, 1, 40)), ended(some_row(2, 101, 5, 1, 40)), some_row(3, 7, 5, 1)});
  EXPECT_EQ(find(all, Grouping::process, "nginx[*]")->account.exchanges, 2U);
  EXPECT_EQ(find(all, Grouping::process, "nginx[7]")->account.exchanges, 1U);
  EXPECT_EQ(find(all, Grouping::process, "nginx[100]"), nullptr);
}

TEST(GroupGains, give_a_row_to_those_that_lost_most_and_sum_up_the_others) {
  GroupGains gains;
  std::vector<ConnectionRow> rows;
  for (std::uint8_t i = 0; i < 200; ++i) rows.push_back(some_row(i, 7, i, 1, i));
  const auto all = gains.of(rows);
  const auto peers = std::ranges::count(all, Grouping::peer, &sink::ServiceGain::by);
  EXPECT_EQ(static_cast<std::size_t>(peers), GroupGains::kMostGroups + 1);
  EXPECT_NE(find(all, Grouping::peer, "10.0.0.199"), nullptr);
  EXPECT_EQ(find(all, Grouping::peer, "10.0.0.3"), nullptr);
  std::uint64_t exchanges = 0;
  for (const sink::ServiceGain& gain : all) exchanges += gain.by == Grouping::peer ? gain.gain.account.exchanges : 0;
  EXPECT_EQ(exchanges, 200U) << "none is missing";
}

}  // namespace
}  // namespace uncork::collect
