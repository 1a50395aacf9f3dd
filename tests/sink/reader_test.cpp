#include "sink/store/reader.hpp"

#include <gtest/gtest.h>

#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using testing::kBegin;
using testing::kSecondNs;
using testing::some_gain;
using testing::some_poll;
using testing::StoreFolder;

constexpr std::int64_t kMinuteNs = 60 * kSecondNs;

/// Ten minutes of polls, of which each knows three sockets.
struct ReaderTest : ::testing::Test {
  ReaderTest() {
    const auto store = folder_.open();
    for (std::uint64_t i = 1; i <= 60; ++i) {
      auto poll = some_poll(i);
      poll.services.push_back(some_gain("postgres", 5432, i > 30 ? 40 : 0));
      EXPECT_TRUE(store->add(poll.view()).has_value());
    }
  }

  [[nodiscard]] Reader reader() const { return std::move(*Reader::open(folder_.path())); }

  StoreFolder folder_;
};

TEST_F(ReaderTest, sums_up_the_services_of_a_span_and_what_lost_most_comes_first) {
  const auto found = reader().services({kBegin, kBegin + 10 * kMinuteNs});
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->services.size(), 2U);
  EXPECT_EQ(found->services[0].who.key.command, "postgres");
  EXPECT_EQ(found->services[0].sums.lost(), core::Micros(30 * 40 * 1000));
  EXPECT_EQ(found->services[0].lost_early, core::Micros(0));
  EXPECT_EQ(found->services[1].who, (StoredService{{"nginx", stall::Role::responder, 8001, "shop-1"}, "", false}));
  EXPECT_EQ(found->services[1].sums.lost(), core::Micros(60 * 4 * 1000));
  EXPECT_EQ(found->services[1].lost_early, core::Micros(30 * 4 * 1000));
}

TEST_F(ReaderTest, takes_whole_minutes_and_says_which) {
  const auto found = reader().services({kBegin + 3 * kMinuteNs + 5, kBegin + 3 * kMinuteNs + 6});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->span, (Span{kBegin + 3 * kMinuteNs, kBegin + 4 * kMinuteNs}));
  ASSERT_EQ(found->services.size(), 2U);
  EXPECT_EQ(found->services[0].sums.lost(), core::Micros(6 * 4 * 1000));
}

TEST(ReaderOfGroupings, never_mixes_their_sums) {
  const StoreFolder folder;
  auto poll = some_poll(1);
  poll.services.push_back(some_gain("10.0.0.7", 0, 9));
  poll.services.back().by = Grouping::peer;
  ASSERT_TRUE(folder.open()->add(poll.view()).has_value());
  auto reader = Reader::open(folder.path());
  const Span minute{kBegin, kBegin + kMinuteNs};
  EXPECT_EQ(reader->services(minute)->services.size(), 1U);
  const auto peers = reader->services(minute, Grouping::peer);
  ASSERT_EQ(peers->services.size(), 1U);
  EXPECT_EQ(peers->services[0].who.key.command, "10.0.0.7");
  EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM minutes"), 4);
  EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM peer_hours"), 9);
}

TEST_F(ReaderTest, knows_when_it_was_fed) {
  const auto polled = reader().polled();
  ASSERT_TRUE(polled.has_value() && polled->has_value());
  EXPECT_EQ((*polled)->from_ns, kBegin);
  EXPECT_EQ((*polled)->until_ns, kBegin + 590 * kSecondNs + 1);
}

TEST_F(ReaderTest, finds_a_socket_as_it_was_nearest_to_a_time) {
  Reader reads = reader();
  const std::int64_t at = kBegin + 123 * kSecondNs;  // the polls are at 120 and 130
  const auto found = reads.sockets(Sought::cookie(100001), at, kMinuteNs);
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().row.sequence, 13U);
  EXPECT_EQ(found->front().off_ns, -3 * kSecondNs + 1);
  EXPECT_EQ(found->front().row.inet_diag_msg_socket_cookie, 100001U);
}

TEST_F(ReaderTest, finds_sockets_by_port_process_and_end) {
  Reader reads = reader();
  const std::int64_t at = kBegin + 120 * kSecondNs;
  record::Texts texts;
  const record::Row row = record::some_row(texts, 1);
  EXPECT_EQ(reads.sockets(Sought::port(8001), at, kMinuteNs)->size(), 3U);
  EXPECT_EQ(reads.sockets(Sought::process(static_cast<std::int32_t>(row.pid)), at, kMinuteNs)->size(), 1U);
  EXPECT_EQ(reads.sockets(Sought::end(core::parse_endpoint("198.18.0.1:8001").value()), at, kMinuteNs)->size(), 2U);
  EXPECT_EQ(reads.sockets(Sought::end(core::parse_endpoint("[2001:db8::1]:8001").value()), at, kMinuteNs)->size(), 1U);
  EXPECT_TRUE(reads.sockets(Sought::port(8002), at, kMinuteNs)->empty());
}

TEST_F(ReaderTest, finds_nothing_where_nothing_is_near) {
  EXPECT_TRUE(reader().sockets(Sought::port(8001), kBegin - 2 * kMinuteNs, kMinuteNs)->empty());
  EXPECT_TRUE(reader().services({kBegin - 9 * kMinuteNs, kBegin - 2 * kMinuteNs})->services.empty());
}

TEST(ReaderOfMapped, finds_an_address_that_was_mapped_into_ipv6) {
  const StoreFolder folder;
  auto poll = some_poll(1, 1);
  poll.rows[0].inet_diag_msg_family = 10;
  poll.rows[0].inet_diag_msg_socket_source = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  ASSERT_TRUE(folder.open()->add(poll.view()).has_value());
  auto reader = Reader::open(folder.path());
  EXPECT_EQ(reader->sockets(Sought::end(core::parse_endpoint("127.0.0.1:8001").value()), kBegin, kMinuteNs)->size(), 1U);
}

}  // namespace
}  // namespace uncork::sink
