// Counters of connections, added up over polls.

#include "collect/metrics/growth.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace uncork::collect {
namespace {

using record::Block;
using record::Row;

constexpr std::size_t kPacketsSent = 0;
constexpr std::size_t kRetransmitted = 1;
constexpr std::size_t kBytesSent = 4;

Row socket(std::uint64_t cookie, std::uint32_t packets, std::uint64_t bytes = 0) {
  Row row;
  row.blocks = Block::tcp_info;
  row.inet_diag_msg_socket_cookie = cookie;
  row.tcp_info_data_segs_out = packets;
  row.tcp_info_bytes_sent = bytes;
  return row;
}

Row ended(Row row) {
  row.last_row = true;
  return row;
}

probe::Look look_at(std::vector<Row> rows) {
  probe::Look look;
  look.rows = std::move(rows);
  return look;
}

/// A look whose sums do not matter.
void pass(Growth& growth, const probe::Look& look) { static_cast<void>(growth.of(look)); }

TEST(Growth, what_was_there_before_the_first_poll_does_not_count) {
  Growth growth;
  EXPECT_EQ(growth.of(look_at({socket(1, 500)})), TcpSums{});
  EXPECT_EQ(growth.of(look_at({socket(1, 507)}))[kPacketsSent], 7U);
  EXPECT_EQ(growth.created(), 0U);
}

TEST(Growth, a_connection_that_began_later_counts_from_its_begin) {
  Growth growth;
  pass(growth, look_at({}));
  EXPECT_EQ(growth.of(look_at({socket(1, 40), socket(2, 2)}))[kPacketsSent], 42U);
  EXPECT_EQ(growth.created(), 2U);
}

TEST(Growth, one_that_begins_and_ends_between_two_polls_counts_whole_and_once) {
  Growth growth;
  pass(growth, look_at({}));
  EXPECT_EQ(growth.of(look_at({ended(socket(1, 9))}))[kPacketsSent], 9U);
  EXPECT_EQ(growth.of(look_at({}))[kPacketsSent], 0U);
  EXPECT_EQ(growth.remembered(), 0U);
}

TEST(Growth, counters_of_32_bits_wrap) {
  Growth growth;
  pass(growth, look_at({socket(1, 0xffff'fffe)}));
  EXPECT_EQ(growth.of(look_at({socket(1, 3)}))[kPacketsSent], 5U);
}

TEST(Growth, a_counter_that_was_cleared_adds_nothing_and_goes_on) {
  Growth growth;
  pass(growth, look_at({socket(1, 100, 1000)}));
  EXPECT_EQ(growth.of(look_at({socket(1, 0, 0)})), TcpSums{});
  const TcpSums after = growth.of(look_at({socket(1, 1, 10)}));
  EXPECT_EQ(after[kPacketsSent], 1U);
  EXPECT_EQ(after[kBytesSent], 10U);
  EXPECT_EQ(after[kRetransmitted], 0U);
}

TEST(Growth, one_look_that_misses_a_connection_does_not_make_it_new) {
  Growth growth;
  pass(growth, look_at({socket(1, 100)}));
  pass(growth, look_at({}));
  EXPECT_EQ(growth.of(look_at({socket(1, 101)}))[kPacketsSent], 1U);
  pass(growth, look_at({}));
  pass(growth, look_at({}));
  EXPECT_EQ(growth.remembered(), 0U);
}

TEST(Growth, rows_without_counters_or_cookie_add_nothing) {
  Growth growth;
  pass(growth, look_at({}));
  Row bare = socket(1, 10);
  bare.blocks = {};
  EXPECT_EQ(growth.of(look_at({bare, socket(0, 10)})), TcpSums{});
  EXPECT_EQ(growth.remembered(), 0U);
}

}  // namespace
}  // namespace uncork::collect
