// Rows of polls, to subscribers that keep up and to those that do not.

#include "collect/row_feed.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace uncork::collect {
namespace {

record::Row numbered(std::uint64_t number) {
  record::Row row;
  row.schema_version = 1;
  row.row_number = number;
  return row;
}

void poll(RowFeed& feed, std::uint64_t rows) {
  feed.begin_poll();
  for (std::uint64_t i = 1; i <= rows; ++i) feed.add(numbered(i));
  feed.end_poll();
}

/// What a writer of its own makes of the row, as field 1 of a message.
std::string expected(std::uint64_t number) {
  std::vector<char> room(record::kMostRowBytes);
  const char* const end = record::write_prefixed(numbered(number), room.data(), '\x0a', record::Varints::plain);
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

TEST(RowFeed, gives_every_subscriber_the_same_rows_of_the_polls_that_begin_after_it_came) {
  RowFeed feed;
  int told = 0;
  const auto first = feed.subscribe([&] { ++told; });
  poll(feed, 3);
  const auto second = feed.subscribe([] {});
  poll(feed, 2);
  EXPECT_EQ(told, 2);
  const auto batch = first->take();
  ASSERT_NE(batch, nullptr);
  ASSERT_EQ(batch->rows(), 3U);
  for (std::size_t row = 0; row < 3; ++row) EXPECT_EQ(batch->message(row), expected(row + 1));
  const auto shared = first->take();
  EXPECT_EQ(shared, second->take()) << "encoded once";
  EXPECT_EQ(first->take(), nullptr);
  EXPECT_EQ(second->take(), nullptr);
  EXPECT_EQ(feed.stats().taken_rows, 3U + 2 + 2);
}

TEST(RowFeed, gives_a_poll_without_rows_too_but_none_that_has_begun) {
  RowFeed feed;
  feed.begin_poll();
  const auto late = feed.subscribe([] {});
  feed.add(numbered(1));
  feed.end_poll();
  EXPECT_EQ(late->take(), nullptr);
  poll(feed, 0);
  const auto empty = late->take();
  ASSERT_NE(empty, nullptr);
  EXPECT_EQ(empty->rows(), 0U);
}

TEST(RowFeed, skips_whole_polls_for_a_subscriber_that_is_slow_and_for_no_other) {
  RowFeed feed(2 * expected(1).size() + expected(2).size());  // not two polls of two rows
  const auto slow = feed.subscribe([] {});
  const auto quick = feed.subscribe([] {});
  for (int i = 0; i < 3; ++i) {
    poll(feed, 2);
    ASSERT_NE(quick->take(), nullptr);
  }
  EXPECT_EQ(slow->skipped_rows(), 4U);
  EXPECT_EQ(quick->skipped_rows(), 0U);
  EXPECT_EQ(feed.stats().skipped_rows, 4U);
  EXPECT_NE(slow->take(), nullptr);
  EXPECT_EQ(slow->take(), nullptr);
  poll(feed, 100);
  EXPECT_EQ(slow->take()->rows(), 100U) << "one that has taken all gets any poll";
}

TEST(RowFeed, counts_its_subscribers_and_refuses_those_beyond_its_limit) {
  RowFeed feed;
  std::vector<std::shared_ptr<RowFeed::Subscription>> all;
  for (std::size_t i = 0; i < RowFeed::kMostSubscribers; ++i) all.push_back(feed.subscribe([] {}));
  EXPECT_EQ(feed.subscribe([] {}), nullptr);
  EXPECT_EQ(feed.stats().subscribers, RowFeed::kMostSubscribers);
  all.pop_back();
  EXPECT_NE(feed.subscribe([] {}), nullptr);
  all.clear();
  EXPECT_EQ(feed.stats().subscribers, 0U);
}

TEST(RowFeed, lets_subscribers_come_and_go_on_other_threads_while_it_polls) {
  RowFeed feed;
  std::uint64_t seen = 0;
  std::thread other([&] {
    for (int i = 0; i < 200; ++i) {
      const auto one = feed.subscribe([] {});
      while (const auto batch = one->take()) seen += batch->rows();
    }
  });
  for (int i = 0; i < 200; ++i) poll(feed, 5);
  other.join();
  const RowFeed::Stats stats = feed.stats();
  EXPECT_EQ(stats.subscribers, 0U);
  EXPECT_LE(seen, stats.taken_rows);
}

}  // namespace
}  // namespace uncork::collect
