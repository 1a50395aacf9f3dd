#include "sink/store/retention.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>

#include "sink/store/reader.hpp"
#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using testing::kBegin;
using testing::kSecondNs;
using testing::some_poll;
using testing::StoreFolder;

PrunedCounts pruned(Store& store) { return store.pruned().value(); }

TEST(Retention, forgets_polls_that_are_too_old_and_counts_them) {
  const StoreFolder folder;
  const auto store = folder.open({.rows = std::chrono::minutes(1)});
  for (std::uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(store->add(some_poll(i).view()).has_value());
  EXPECT_EQ(folder.number("SELECT min(sequence) FROM polls"), 14) << "a minute before the last at 14:03:10";
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows"), 7 * 3);
  EXPECT_EQ(folder.number("SELECT count(*) FROM service_sums"), 7);
  EXPECT_EQ(pruned(*store).polls.by_age, 13U);
  EXPECT_EQ(pruned(*store).rows.by_age, 13U * 3);
  EXPECT_EQ(pruned(*store).rows.by_size, 0U);
  EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM minutes"), 20 * 4) << "rollups stay";
}

TEST(Retention, forgets_rollups_by_ages_of_their_own) {
  const StoreFolder folder;
  const auto store = folder.open({.minutes = std::chrono::hours(2), .hours = std::chrono::hours(5)});
  for (std::uint64_t i = 0; i < 12; ++i) {
    auto poll = some_poll(i + 1, 0);
    poll.began_ns = kBegin + static_cast<std::int64_t>(i) * 3600 * kSecondNs;
    poll.interval = std::chrono::hours(1);
    ASSERT_TRUE(store->add(poll.view()).has_value());
  }
  EXPECT_EQ(folder.number("SELECT count(*) FROM minutes"), 3)
      << "of the last one, and of those that ended less than two hours before";
  EXPECT_EQ(folder.number("SELECT count(*) FROM hours"), 6);
  EXPECT_EQ(pruned(*store).minutes.by_age, 9U);
  EXPECT_EQ(pruned(*store).hours.by_age, 6U);
}

TEST(Retention, where_minutes_are_gone_a_span_is_of_whole_hours) {
  const StoreFolder folder;
  const auto store = folder.open({.minutes = std::chrono::minutes(20)});
  for (std::uint64_t i = 0; i < 30; ++i) {
    auto poll = some_poll(i + 1, 0);
    poll.began_ns = kBegin + static_cast<std::int64_t>(i) * 300 * kSecondNs;
    poll.interval = std::chrono::minutes(5);
    ASSERT_TRUE(store->add(poll.view()).has_value());
  }
  auto reader = Reader::open(folder.path());
  const std::int64_t until = kBegin + 9000 * kSecondNs;
  const auto found = reader->services({kBegin + 1800 * kSecondNs, until});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->span, (Span{kBegin, kBegin + 3 * std::int64_t{3600} * kSecondNs}));
  EXPECT_EQ(found->services.front().sums.times.count(), (24U + 6U) * 4U);
}

TEST(Retention, does_a_bounded_amount_of_work_each_time) {
  const StoreFolder folder;
  {
    const auto store = folder.open();
    for (std::uint64_t i = 1; i <= 4; ++i) ASSERT_TRUE(store->add(some_poll(i, 4000).view()).has_value());
  }
  const auto store = folder.open({.rows = std::chrono::seconds(1)});
  auto poll = some_poll(5, 10);
  poll.began_ns += 3600 * kSecondNs;
  ASSERT_TRUE(store->add(poll.view()).has_value());
  EXPECT_EQ(pruned(*store).rows.by_age, 5000U - 2) << "less a poll and its sums";
  EXPECT_EQ(folder.number("SELECT sum(row_count) FROM polls"), folder.number("SELECT count(*) FROM rows"));
  for (std::uint64_t i = 6; i <= 9; ++i) {
    auto later = some_poll(i, 10);
    later.began_ns += 3600 * kSecondNs;
    ASSERT_TRUE(store->add(later.view()).has_value());
  }
  EXPECT_EQ(folder.number("SELECT min(sequence) FROM polls"), 9);
}

TEST(Retention, services_that_nobody_heard_of_for_long_are_forgotten_and_may_come_back) {
  const StoreFolder folder;
  const auto store =
      folder.open({.rows = std::chrono::hours(1), .minutes = std::chrono::hours(1), .hours = std::chrono::hours(48)});
  const auto add = [&](std::uint64_t sequence, std::int64_t hours, const char* command) {
    auto poll = some_poll(sequence, 0);
    poll.began_ns = kBegin + hours * 3600 * kSecondNs;
    poll.interval = std::chrono::hours(60);
    poll.services = {testing::some_gain(command, 80)};
    ASSERT_TRUE(store->add(poll.view()).has_value());
  };
  add(1, 0, "old");
  add(2, 60, "new");
  EXPECT_EQ(folder.number("SELECT count(*) FROM services"), 1);
  add(3, 61, "old");
  EXPECT_EQ(folder.number("SELECT count(*) FROM services"), 2);
  EXPECT_EQ(folder.number("SELECT count(*) FROM hours WHERE command = 'old'"), 1);
}

TEST(Retention, keeps_the_size_by_forgetting_the_oldest) {
  const StoreFolder folder;
  constexpr std::uint64_t kBytes = 2'000'000;
  const auto store = folder.open({.bytes = kBytes});
  for (std::uint64_t i = 1; i <= 60; ++i) ASSERT_TRUE(store->add(some_poll(i, 200).view()).has_value());
  EXPECT_LT(std::filesystem::file_size(folder.path()), kBytes * 5 / 4);
  EXPECT_GT(folder.number("SELECT count(*) FROM polls"), 5);
  EXPECT_EQ(folder.number("SELECT max(sequence) FROM polls"), 60);
  EXPECT_EQ(folder.number("SELECT max(sequence) - min(sequence) + 1 - count(*) FROM polls"), 0) << "no gap";
  EXPECT_EQ(pruned(*store).rows.by_age, 0U);
  EXPECT_EQ(pruned(*store).rows.by_size + static_cast<std::uint64_t>(folder.number("SELECT count(*) FROM rows")), 60U * 200);
  EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM minutes"), 60 * 4);
  EXPECT_TRUE(folder.is_sound());
}

/// Whatever the ages and sizes of polls: what is gone is older than what stays, and gone by its age or by the size.
RC_GTEST_PROP(RetentionProperty, never_drops_what_is_younger_than_its_age_unless_the_size_forces_it, ()) {
  const StoreFolder folder;
  const std::int64_t age_s = *rc::gen::inRange<std::int64_t>(1, 300);
  const bool bounded = *rc::gen::arbitrary<bool>();
  const std::uint64_t bytes = bounded ? 400'000 : std::uint64_t{1} << 30;
  const auto store = folder.open({.rows = std::chrono::seconds(age_s), .bytes = bytes});
  std::int64_t now_s = 0;
  std::vector<std::int64_t> times;
  for (std::uint64_t i = 1; i <= 30; ++i) {
    auto poll = some_poll(i, *rc::gen::inRange<std::uint32_t>(0, 60));
    now_s += *rc::gen::inRange<std::int64_t>(0, 60);
    poll.began_ns = kBegin + now_s * kSecondNs;
    times.push_back(now_s);
    RC_ASSERT(store->add(poll.view()).has_value());
  }
  const auto first = static_cast<std::size_t>(folder.number("SELECT min(sequence) FROM polls"));
  RC_ASSERT(folder.number("SELECT count(*) FROM polls") == static_cast<std::int64_t>(times.size() - first + 1));
  // In brackets: RC_ASSERT's own || evaluates both sides.
  RC_ASSERT((first == times.size() || times[first - 1] >= now_s - age_s));
  const PrunedCounts counts = pruned(*store);
  RC_ASSERT(counts.polls.by_age + counts.polls.by_size == first - 1);
  if (!bounded) {
    RC_ASSERT(counts.polls.by_size == 0);
    RC_ASSERT((first == 1 || times[first - 2] < now_s - age_s));
  }
  RC_ASSERT(folder.number("SELECT count(*) FROM service_sums s LEFT JOIN polls p ON p.id = s.poll WHERE p.id IS NULL") == 0);
}

}  // namespace
}  // namespace uncork::sink
