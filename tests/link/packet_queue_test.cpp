// A link's one direction in virtual time.
#include "link/packet_queue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace uncork::link {
namespace {

using namespace std::chrono_literals;

constexpr core::Time kStart{1s};

std::vector<std::byte> packet(std::size_t bytes, std::uint8_t mark = 0) {
  return std::vector<std::byte>(bytes, static_cast<std::byte>(mark));
}

/// Takes all that has arrived by then; gives the marks.
std::vector<int> take(PacketQueue& queue, core::Time now) {
  std::vector<int> marks;
  for (; const auto* arrived = queue.arrived(now); queue.pop()) marks.push_back(std::to_integer<int>(arrived->front()));
  return marks;
}

TEST(PacketQueue, delivers_after_the_delay_and_not_before) {
  PacketQueue queue({.one_way = 5ms});
  EXPECT_EQ(queue.next_arrival(), core::Time::max());
  EXPECT_EQ(queue.push(packet(100, 7), kStart), Fate::carried);
  EXPECT_EQ(queue.next_arrival(), kStart + 5ms);
  EXPECT_TRUE(take(queue, kStart + 5ms - 1us).empty());
  EXPECT_EQ(take(queue, kStart + 5ms), std::vector{7});
  EXPECT_EQ(queue.next_arrival(), core::Time::max());
}

TEST(PacketQueue, keeps_order_and_lets_packets_share_the_way) {
  PacketQueue queue({.one_way = 5ms});
  for (std::uint8_t i = 0; i < 3; ++i) queue.push(packet(100, i), kStart + i * 1ms);
  EXPECT_EQ(take(queue, kStart + 6ms), (std::vector{0, 1}));
  EXPECT_EQ(take(queue, kStart + 7ms), std::vector{2});
}

TEST(PacketQueue, sends_one_packet_after_the_other_at_its_rate) {
  PacketQueue queue({.one_way = 5ms, .rate_bytes_per_second = 1'000'000});
  queue.push(packet(1000, 1), kStart);
  queue.push(packet(500, 2), kStart);
  EXPECT_EQ(queue.next_arrival(), kStart + 6ms);
  EXPECT_EQ(take(queue, kStart + 6500us - 1us), std::vector{1});
  EXPECT_EQ(take(queue, kStart + 6500us), std::vector{2});
  queue.push(packet(1000, 3), kStart + 100ms);  // the wire has been idle: nothing is saved up
  EXPECT_EQ(queue.next_arrival(), kStart + 106ms);
}

TEST(PacketQueue, takes_as_long_for_many_packets_as_the_rate_says) {
  PacketQueue queue({.rate_bytes_per_second = 3'000'000, .queue_bytes = 10'000'000});
  for (int i = 0; i < 3000; ++i) queue.push(packet(100), kStart);
  core::Time last{};
  for (; queue.next_arrival() != core::Time::max(); queue.pop()) last = queue.next_arrival();
  EXPECT_NEAR(core::to_ms(last - kStart), 100.0, 0.01);  // a nanosecond a packet is cut off
}

TEST(PacketQueue, drops_what_finds_no_room_before_the_rate) {
  PacketQueue queue({.rate_bytes_per_second = 1'000'000, .queue_bytes = 2500});
  EXPECT_EQ(queue.push(packet(1000), kStart), Fate::carried);
  EXPECT_EQ(queue.push(packet(1000), kStart), Fate::carried);
  EXPECT_EQ(queue.push(packet(1000), kStart), Fate::dropped);
  EXPECT_EQ(queue.push(packet(500), kStart), Fate::carried);
  EXPECT_EQ(queue.queued_bytes(kStart), 2500U);
  EXPECT_EQ(queue.queued_bytes(kStart + 1ms), 1500U);
  EXPECT_EQ(queue.push(packet(1000), kStart + 1ms), Fate::carried);
}

TEST(PacketQueue, has_no_bound_on_what_flies) {
  PacketQueue queue({.one_way = 1s, .queue_bytes = 10});
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(queue.push(packet(1500), kStart), Fate::carried);
}

std::vector<Fate> fates(const Impairments& impairments, int packets) {
  PacketQueue queue(impairments);
  std::vector<Fate> fates;
  for (int i = 0; i < packets; ++i) fates.push_back(queue.push(packet(100), kStart));
  return fates;
}

TEST(PacketQueue, loses_the_share_that_is_asked_for) {
  const auto all = fates({.loss = 0.05, .seed = 1}, 10'000);
  // Binomial: 500 with a deviation of 22; five of them either way.
  EXPECT_NEAR(static_cast<double>(std::ranges::count(all, Fate::lost)), 500, 110);
  EXPECT_EQ(std::ranges::count(fates({.loss = 1}, 100), Fate::lost), 100);
  EXPECT_EQ(std::ranges::count(fates({.loss = 0}, 100), Fate::lost), 0);
}

TEST(PacketQueue, loses_the_same_packets_by_the_same_seed) {
  const Impairments impairments{.loss = 0.3, .seed = 42};
  EXPECT_EQ(fates(impairments, 1000), fates(impairments, 1000));
  EXPECT_NE(fates(impairments, 1000), fates({.loss = 0.3, .seed = 43}, 1000));
}

TEST(PacketQueue, loses_a_packet_on_the_wire_after_its_time_of_the_rate) {
  PacketQueue queue({.loss = 1, .rate_bytes_per_second = 1'000'000});
  EXPECT_EQ(queue.push(packet(1000), kStart), Fate::lost);
  EXPECT_EQ(queue.queued_bytes(kStart), 1000U);
  EXPECT_EQ(queue.next_arrival(), core::Time::max());
}

RC_GTEST_PROP(PacketQueue, what_is_carried_arrives_in_order_unchanged_and_never_early,
              (const std::vector<std::uint8_t>& sizes, std::uint16_t gap_us, std::uint16_t delay_us)) {
  PacketQueue queue({.one_way = core::Micros(delay_us), .loss = 0.1, .rate_bytes_per_second = 100'000, .queue_bytes = 2000});
  std::vector<std::vector<std::byte>> carried;
  core::Time now = kStart;
  for (std::size_t i = 0; i < sizes.size(); ++i, now += core::Micros(gap_us)) {
    auto bytes = packet(sizes[i] + std::size_t{1}, static_cast<std::uint8_t>(i));
    const auto sent = queue.next_arrival();
    if (queue.push(bytes, now) == Fate::carried) carried.push_back(std::move(bytes));
    RC_ASSERT(queue.queued_bytes(now) <= 2000U);
    if (sent == core::Time::max() && queue.next_arrival() != core::Time::max()) {
      RC_ASSERT(queue.next_arrival() >= now + core::Micros(delay_us));
    }
  }
  std::vector<std::vector<std::byte>> arrived;
  core::Time before = core::Time::min();
  for (; queue.next_arrival() != core::Time::max(); queue.pop()) {
    RC_ASSERT(queue.next_arrival() >= before);
    before = queue.next_arrival();
    arrived.push_back(*queue.arrived(before));
  }
  RC_ASSERT(arrived == carried);
}

}  // namespace
}  // namespace uncork::link
