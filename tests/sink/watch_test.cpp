#include "sink/store/watch.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "sink/store/reader.hpp"
#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using testing::kBegin;
using testing::kSecondNs;
using testing::some_poll;
using testing::StoreFolder;

constexpr std::int64_t at(std::int64_t seconds) { return kBegin + seconds * kSecondNs; }

/// A poll at each of these seconds, of ten seconds each.
std::vector<PolledAt> polls_at(std::initializer_list<std::int64_t> seconds) {
  std::vector<PolledAt> polls;
  for (const std::int64_t second : seconds) polls.push_back({at(second), std::chrono::seconds(10)});
  return polls;
}

TEST(Watch, is_whole_where_polls_follow_each_other) {
  const Watch watch = watch_in({at(5), at(35)}, polls_at({10, 20, 30, 40}));
  EXPECT_EQ(watch.watched, std::chrono::seconds(30));
  EXPECT_TRUE(watch.gaps.empty());
  EXPECT_EQ(watch.known_from_ns, at(5));
}

TEST(Watch, has_a_gap_where_a_poll_does_not_reach_back_to_the_one_before) {
  const Watch watch = watch_in({at(0), at(60)}, polls_at({10, 40, 50, 60}));
  EXPECT_EQ(watch.gaps, (std::vector<Span>{{at(10), at(30)}}));
  EXPECT_EQ(watch.watched, std::chrono::seconds(40));
}

TEST(Watch, has_gaps_at_its_ends) {
  EXPECT_EQ(watch_in({at(0), at(60)}, polls_at({40})).gaps, (std::vector<Span>{{at(0), at(30)}, {at(40), at(60)}}));
  EXPECT_EQ(watch_in({at(0), at(60)}, {}).gaps, (std::vector<Span>{{at(0), at(60)}}));
}

TEST(Watch, a_poll_that_is_not_due_yet_or_a_little_late_leaves_none) {
  EXPECT_TRUE(watch_in({at(0), at(24)}, polls_at({10, 20})).gaps.empty());
  EXPECT_TRUE(watch_in({at(0), at(30)}, polls_at({10, 23, 33})).gaps.empty());
}

TEST(Watch, of_polls_that_overlap_counts_no_time_twice) {
  EXPECT_EQ(watch_in({at(0), at(30)}, polls_at({10, 12, 20, 30})).watched, std::chrono::seconds(30));
}

TEST(Watch, of_a_store_is_known_from_the_oldest_poll_that_is_kept) {
  const StoreFolder folder;
  const auto store = folder.open({.rows = std::chrono::minutes(1)});
  for (std::uint64_t i = 1; i <= 60; ++i) {
    if (i == 58) continue;
    ASSERT_TRUE(store->add(some_poll(i).view()).has_value());
  }
  auto reader = Reader::open(folder.path());
  ASSERT_TRUE(reader.has_value());
  const auto watch = reader->watch({at(0), at(590)});
  ASSERT_TRUE(watch.has_value());
  EXPECT_EQ(watch->known_from_ns, at(530));
  EXPECT_EQ(watch->gaps, (std::vector<Span>{{at(560), at(570)}}));
}

}  // namespace
}  // namespace uncork::sink
