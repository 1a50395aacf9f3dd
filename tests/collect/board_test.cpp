// Snapshots from one thread to others.

#include "collect/board.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace uncork::collect {
namespace {

std::shared_ptr<const Snapshot> numbered(std::uint64_t sequence) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->poll.sequence = sequence;
  return snapshot;
}

TEST(Board, has_nothing_before_the_first_poll) { EXPECT_EQ(Board().latest(), nullptr); }

TEST(Board, shows_the_last_and_tells_every_listener) {
  Board board;
  int first = 0;
  std::uint64_t seen = 0;
  board.listen([&] { ++first; });
  board.listen([&] { seen = board.latest()->poll.sequence; });
  board.publish(numbered(1));
  board.publish(numbered(2));
  EXPECT_EQ(first, 2);
  EXPECT_EQ(seen, 2U);
}

TEST(Board, a_snapshot_in_use_stays_as_it_was) {
  Board board;
  board.publish(numbered(1));
  const auto held = board.latest();
  board.publish(numbered(2));
  EXPECT_EQ(held->poll.sequence, 1U);
}

TEST(Board, is_read_while_it_is_written) {
  Board board;
  board.publish(numbered(0));
  constexpr std::uint64_t kPolls = 10'000;
  std::thread poller([&] {
    for (std::uint64_t i = 1; i <= kPolls; ++i) board.publish(numbered(i));
  });
  std::uint64_t last = 0;
  while (last < kPolls) {
    const std::uint64_t now = board.latest()->poll.sequence;
    ASSERT_GE(now, last);
    last = now;
  }
  poller.join();
}

}  // namespace
}  // namespace uncork::collect
