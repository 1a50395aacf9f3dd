// The machine's clock is set while a store is written: nothing that was stored goes for it, and it goes on being asked.

#include <gtest/gtest.h>

#include "sink/store/reader.hpp"
#include "sink/store/retention.hpp"
#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using testing::kBegin;
using testing::kSecondNs;
using testing::some_poll;
using testing::StoreFolder;

constexpr std::int64_t kHourNs = 3600 * kSecondNs;
constexpr std::int64_t kYearNs = 365 * 24 * kHourNs;
constexpr Retention kShort = {.rows = std::chrono::hours(6), .minutes = std::chrono::hours(12), .hours = std::chrono::hours(24)};

/// Polls of a minute each, of which `step_ns` comes between the two halves.
void add_polls(Store& store, std::uint64_t before, std::uint64_t after, std::int64_t step_ns) {
  for (std::uint64_t i = 1; i <= before + after; ++i) {
    auto poll = some_poll(i, 1);
    poll.began_ns = kBegin + static_cast<std::int64_t>(i - 1) * 60 * kSecondNs + (i > before ? step_ns : 0);
    poll.interval = std::chrono::minutes(1);
    for (record::Row& row : poll.rows) row.timestamp_ns = poll.began_ns;
    ASSERT_TRUE(store.add(poll.view()).has_value());
  }
}

TEST(ClockStep, of_a_year_forward_does_not_empty_the_store) {
  const StoreFolder folder;
  const auto store = folder.open(kShort);
  add_polls(*store, 300, 10, kYearNs);  // five hours, and ten minutes of the wrong time
  // An hour is saved up at most, and ten minutes have passed, at four times their pace.
  EXPECT_GE(folder.number("SELECT count(*) FROM polls"), 310 - 60 - 40);
  EXPECT_GE(folder.number("SELECT count(*) FROM minutes"), 310 - 60 - 40);
  EXPECT_GE(folder.number("SELECT count(*) FROM hours"), 5);
  EXPECT_EQ(folder.number("SELECT count(*) FROM services"), 1);
  auto reader = Reader::open(folder.path());
  const auto found = reader->services({kBegin + 3 * kHourNs, kBegin + 4 * kHourNs});
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->services.size(), 1U);
  EXPECT_EQ(found->services[0].sums.times.count(), 240U);
  EXPECT_EQ(folder.number("SELECT min(sequence) > 1 FROM polls"), 1) << "what is too old by the clock goes, if slowly";
}

TEST(ClockStep, of_an_hour_forward_costs_an_hour_at_most) {
  const StoreFolder folder;
  const auto store = folder.open(kShort);
  add_polls(*store, 360, 1, kHourNs);
  EXPECT_GE(folder.number("SELECT count(*) FROM polls"), 361 - 64);
}

TEST(ClockStep, of_a_year_at_a_new_start_does_not_empty_the_store_either) {
  const StoreFolder folder;
  add_polls(*folder.open(kShort), 300, 0, 0);
  const auto store = folder.open(kShort);
  auto poll = some_poll(301, 1);
  poll.began_ns = kBegin + kYearNs;
  poll.interval = std::chrono::seconds(1);
  ASSERT_TRUE(store->add(poll.view()).has_value());
  EXPECT_GE(folder.number("SELECT count(*) FROM polls"), 301 - 61);
  EXPECT_GE(folder.number("SELECT count(*) FROM minutes"), 301 - 61);
}

TEST(ClockStep, of_an_hour_back_stores_every_poll_and_merges_its_sums) {
  const StoreFolder folder;
  const auto store = folder.open(kShort);
  add_polls(*store, 120, 60, -kHourNs);
  EXPECT_EQ(folder.number("SELECT count(*) FROM polls"), 180);
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows"), 180);
  EXPECT_EQ(folder.number("SELECT count(*) FROM minutes"), 120) << "sixty of them have two polls";
  EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM minutes"), 180 * 4);
  EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM hours"), 180 * 4);
  auto reader = Reader::open(folder.path());
  const auto found = reader->services({kBegin + kHourNs, kBegin + 2 * kHourNs});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->services.at(0).sums.times.count(), 480U);
  const auto sockets = reader->sockets(Sought::port(8001), kBegin + kHourNs + kHourNs / 2, kHourNs);
  ASSERT_TRUE(sockets.has_value());
  EXPECT_EQ(sockets->size(), 1U);
  const auto watch = reader->watch({kBegin + kHourNs, kBegin + 2 * kHourNs});
  ASSERT_TRUE(watch.has_value());
  EXPECT_TRUE(watch->gaps.empty());
}

TEST(ClockStep, saves_up_an_hour_at_most) {
  AgeAllowance allowance;
  for (int i = 0; i < 1000; ++i) allowance.accrue(std::chrono::minutes(1));
  EXPECT_EQ(allowance.polls, AgeAllowance::kLeast);
  allowance.polls = core::Micros(0);
  allowance.accrue(std::chrono::minutes(1));
  EXPECT_EQ(allowance.polls, std::chrono::minutes(4));
}

}  // namespace
}  // namespace uncork::sink
