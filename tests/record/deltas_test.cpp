#include "record/deltas.hpp"

#include <gtest/gtest.h>

#include "some_row.hpp"

namespace uncork::record {
namespace {

const Field& field(std::string_view name) { return *find_field(name); }

struct DeltasTest : testing::Test {
  DeltasTest() { row.timestamp_ns = 1'000'000'000; }

  /// The row a second later, after what `change` does to it.
  template <class Change>
  const Delta& next(Change change) {
    row.timestamp_ns += 1'000'000'000;
    change(row);
    return deltas.of(row);
  }

  Texts texts;
  Row row = some_row(texts);
  Deltas deltas;
};

TEST_F(DeltasTest, a_first_row_has_none) {
  const Delta& delta = deltas.of(row);
  EXPECT_TRUE(delta.first);
  EXPECT_TRUE(delta.changed);
  EXPECT_EQ(delta.increment(field("tcp_info_bytes_acked")), std::nullopt);
}

TEST_F(DeltasTest, counts_what_a_counter_grew_by_and_its_rate) {
  deltas.of(row);
  row.timestamp_ns += 1'000'000'000;
  const Delta& delta = next([](Row& r) {
    r.tcp_info_bytes_acked += 5000;
    r.lost_us[2] += 70;
  });
  EXPECT_FALSE(delta.first);
  EXPECT_TRUE(delta.changed);
  EXPECT_EQ(delta.interval_ns, 2'000'000'000);
  EXPECT_EQ(delta.increment(field("tcp_info_bytes_acked")), 5000u);
  EXPECT_EQ(delta.rate(field("tcp_info_bytes_acked")), 2500.0);
  EXPECT_EQ(delta.increment(field("lost_cork_us")), 70u);
  EXPECT_EQ(delta.increment(field("tcp_info_segs_out")), 0u);
  EXPECT_EQ(delta.increment(field("tcp_info_rtt")), std::nullopt) << "not a counter";
}

TEST_F(DeltasTest, clocks_alone_are_no_change) {
  deltas.of(row);
  EXPECT_FALSE(next([](Row& r) {
                 ++r.sequence;
                 r.tcp_info_last_data_sent += 1000;
                 r.inet_diag_msg_expires += 7;
               }).changed);
  EXPECT_TRUE(next([](Row& r) { ++r.tcp_info_rtt; }).changed);
  EXPECT_TRUE(next([&](Row& r) { r.command = texts.keep("other"); }).changed);
  EXPECT_FALSE(next([](Row&) {}).changed);
  EXPECT_TRUE(next([](Row& r) { r.blocks = r.blocks.without(Block::ledger); }).changed);
}

TEST_F(DeltasTest, a_32_bit_counter_that_wraps_has_grown) {
  row.tcp_info_segs_out = 0xfffffff0;
  deltas.of(row);
  EXPECT_EQ(next([](Row& r) { r.tcp_info_segs_out = 16; }).increment(field("tcp_info_segs_out")), 32u);
}

TEST_F(DeltasTest, a_counter_that_went_backwards_counts_something_else_now) {
  row.tcp_info_segs_out = 0xf0000000;
  row.tcp_info_data_segs_out = 1000;
  row.tcp_info_bytes_acked = 9'000'000;
  deltas.of(row);
  const Delta& delta = next([](Row& r) {
    r.tcp_info_bytes_acked = 0;  // an abort wipes them
    r.tcp_info_segs_out = 0;
    r.tcp_info_data_segs_out = 0;
    r.tcp_info_bytes_received += 3;
  });
  EXPECT_EQ(delta.increment(field("tcp_info_bytes_acked")), std::nullopt);
  EXPECT_EQ(delta.increment(field("tcp_info_segs_out")), std::nullopt) << "wiped with the others, not wrapped";
  EXPECT_EQ(delta.increment(field("tcp_info_data_segs_out")), std::nullopt);
  EXPECT_EQ(delta.increment(field("tcp_info_bytes_received")), 3u);
  EXPECT_EQ(delta.rate(field("tcp_info_bytes_acked")), std::nullopt);
}

TEST_F(DeltasTest, what_was_or_is_unknown_has_no_increment) {
  row.blocks = row.blocks.without(Block::ledger);
  deltas.of(row);
  EXPECT_EQ(next([](Row& r) { r.blocks |= Block::ledger; }).increment(field("writes")), std::nullopt);
  EXPECT_EQ(next([](Row& r) { r.writes += 2; }).increment(field("writes")), 2u);
  EXPECT_EQ(next([](Row& r) { r.blocks = r.blocks.without(tcp_info_blocks(280)); }).increment(field("tcp_info_bytes_sent")),
            std::nullopt);
}

TEST_F(DeltasTest, another_connection_under_the_same_cookie_is_a_first_row) {
  deltas.of(row);
  EXPECT_TRUE(next([](Row& r) { ++r.inet_diag_msg_socket_destination_port; }).first);
  EXPECT_TRUE(next([](Row& r) { ++r.inet_diag_msg_socket_destination[0]; }).first);
  EXPECT_TRUE(next([](Row& r) { ++r.netns_inode; }).first);
  EXPECT_FALSE(next([](Row&) {}).first);
}

TEST_F(DeltasTest, rows_without_a_cookie_are_not_remembered) {
  row.inet_diag_msg_socket_cookie = 0;
  deltas.of(row);
  EXPECT_TRUE(deltas.of(row).first);
  EXPECT_EQ(deltas.remembered(), 0u);
}

TEST_F(DeltasTest, no_time_no_rate) {
  deltas.of(row);
  ++row.writes;
  const Delta& delta = deltas.of(row);
  EXPECT_EQ(delta.increment(field("writes")), 1u);
  EXPECT_EQ(delta.rate(field("writes")), std::nullopt);
}

TEST_F(DeltasTest, a_cookie_that_two_looks_miss_is_forgotten) {
  deltas.of(row);
  Row other = row;
  ++other.inet_diag_msg_socket_cookie;
  deltas.of(other);
  deltas.end_look();
  deltas.of(row);
  deltas.end_look();
  EXPECT_EQ(deltas.remembered(), 2u) << "one miss may be the dump's";
  deltas.of(row);
  deltas.end_look();
  EXPECT_EQ(deltas.remembered(), 1u);
  EXPECT_FALSE(deltas.of(row).first);
}

TEST_F(DeltasTest, a_last_row_is_counted_and_forgotten) {
  deltas.of(row);
  const Delta& delta = next([](Row& r) {
    r.row_kind = RowKind::closed;
    r.last_row = true;
    r.tcp_info_bytes_acked += 12;
  });
  EXPECT_EQ(delta.increment(field("tcp_info_bytes_acked")), 12u);
  EXPECT_EQ(deltas.remembered(), 0u);
}

}  // namespace
}  // namespace uncork::record
