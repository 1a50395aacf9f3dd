#include "sink/store/service_sums.hpp"

#include <gtest/gtest.h>

#include <set>

#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using testing::some_gain;

TEST(ServiceSums, names_are_one_a_number_and_unlike) {
  std::set<std::string> names;
  for (const SumColumn& column : sum_columns()) names.insert(column.name);
  EXPECT_EQ(names.size(), kSums);
  EXPECT_TRUE(names.contains("lost_nagle_delayed_ack_us"));
  EXPECT_TRUE(names.contains("peer_think_us"));
  EXPECT_TRUE(names.contains("late_cork_us"));
}

TEST(ServiceSums, of_a_service_give_the_same_service_back) {
  stall::Service gain = some_gain("nginx", 80, 5).gain;
  gain.losers = 1;
  gain.account.late_by[1] = {core::Micros(70), 3, core::Micros(40)};
  const ServiceSums sums = sums_of(gain, std::chrono::seconds(10), stall::Confidence::sampled);
  const stall::Service back = service_of(gain.key, false, sums);
  testing::expect_alike(back.account, gain.account);
  EXPECT_EQ(back.times, gain.times);
  EXPECT_EQ(back.losers, 1U);
  EXPECT_EQ(sums.lost(), core::Micros(5000));
  EXPECT_EQ(sums.watched(), std::chrono::seconds(10));
  EXPECT_EQ(sums.confidence(), stall::Confidence::sampled);
}

TEST(ServiceSums, what_is_open_and_what_was_worst_are_not_added_up) {
  stall::Service gain = some_gain("nginx", 80, 1).gain;
  gain.open = 7;
  gain.account.late_by[0] = {core::Micros(10), 1, core::Micros(10)};
  ServiceSums sums = sums_of(gain, core::Micros(1), stall::Confidence::witnessed);
  gain.open = 5;
  sums += sums_of(gain, core::Micros(1), stall::Confidence::witnessed);
  const stall::Service both = service_of(gain.key, false, sums);
  EXPECT_EQ(both.open, 7U);
  EXPECT_EQ(both.account.exchanges, 2U);
  EXPECT_EQ(both.account.late().worst, core::Micros(10));
  EXPECT_EQ(both.account.late().writes, 2U);
}

TEST(ServiceSums, are_empty_where_nothing_happened) {
  stall::Service gain;
  EXPECT_TRUE(sums_of(gain, std::chrono::seconds(10), stall::Confidence::sampled).empty());
  gain.open = 1;
  EXPECT_FALSE(sums_of(gain, std::chrono::seconds(10), stall::Confidence::sampled).empty());
}

}  // namespace
}  // namespace uncork::sink
