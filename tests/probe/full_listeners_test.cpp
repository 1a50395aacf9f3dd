#include "probe/full_listeners.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace uncork::probe {
namespace {

using record::Block;
using record::CloseReason;
using record::Row;
using record::RowKind;

constexpr std::uint32_t kListen = 10;  // include/net/tcp_states.h

Row listener(std::uint32_t waiting, std::uint32_t most) {
  Row row;
  row.inet_diag_msg_state = kListen;
  row.inet_diag_msg_family = AF_INET6;  // [::], not v6only
  row.inet_diag_msg_socket_source_port = 8001;
  row.netns_inode = 4;
  row.tcp_info_unacked = waiting;
  row.tcp_info_sacked = most;
  return row;
}

TEST(FullListeners, are_blamed_for_what_never_came_to_be) {
  Row failed;
  failed.row_kind = RowKind::never_connected;
  failed.close_reason = CloseReason::timeout;
  failed.inet_diag_msg_family = AF_INET;
  failed.inet_diag_msg_socket_destination = {127, 0, 0, 1};
  failed.inet_diag_msg_socket_destination_port = 8001;
  failed.netns_inode = 4;
  failed.tcp_info_total_retrans = 2;
  const auto blamed = [&](const record::Row& who) {
    Row row = failed;
    blame_full_listeners({&who, 1}, {&row, 1}, Requests::too);
    return row.close_reason == CloseReason::accept_overflow;
  };
  EXPECT_TRUE(blamed(listener(2, 1)));
  EXPECT_FALSE(blamed(listener(1, 1))) << "one more has room";
  Row other = listener(2, 1);
  other.netns_inode = 5;
  EXPECT_FALSE(blamed(other)) << "[::] of another namespace";
  other = listener(2, 1);
  other.v6only = true;
  EXPECT_FALSE(blamed(other));
  other = listener(2, 1);
  other.inet_diag_msg_socket_source_port = 8002;
  EXPECT_FALSE(blamed(other));
  other = listener(2, 1);
  other.inet_diag_msg_family = AF_INET;
  other.netns_inode = 5;
  other.inet_diag_msg_socket_source = {127, 0, 0, 1};
  EXPECT_TRUE(blamed(other)) << "that very address, in a namespace on this machine";
  failed.tcp_info_total_retrans = 0;
  EXPECT_FALSE(blamed(listener(2, 1))) << "it was not tried again";
}

TEST(FullListeners, are_blamed_by_their_own_end_for_a_request) {
  Row request;
  request.row_kind = RowKind::never_connected;
  request.close_reason = CloseReason::timeout;
  request.inet_diag_msg_state = 3;
  request.inet_diag_msg_family = AF_INET;
  request.inet_diag_msg_socket_source = {127, 0, 0, 1};
  request.inet_diag_msg_socket_source_port = 8001;
  request.inet_diag_msg_socket_destination_port = 40000;
  request.netns_inode = 4;
  const Row who = listener(2, 1);
  blame_full_listeners({&who, 1}, {&request, 1}, Requests::leave);
  EXPECT_EQ(request.close_reason, CloseReason::timeout);
  blame_full_listeners({&who, 1}, {&request, 1}, Requests::too);
  EXPECT_EQ(request.close_reason, CloseReason::accept_overflow);
}

Row with_drops(std::uint32_t drops, std::uint32_t waiting = 0) {
  Row row = listener(waiting, 1);
  row.inet_diag_msg_socket_cookie = 77;
  row.sk_mem_info_drops = drops;
  row.blocks |= record::Blocks(Block::cookie) | Block::sk_mem_info;
  return row;
}

std::vector<Row> told(ListenerDrops& drops, const Row& row) {
  std::vector<Row> rows;
  drops.compare({&row, 1}, rows);
  return rows;
}

TEST(ListenerDropsTest, tells_how_many_were_dropped_since_the_look_before) {
  ListenerDrops drops;
  EXPECT_TRUE(told(drops, with_drops(5)).empty()) << "before we looked";
  EXPECT_TRUE(told(drops, with_drops(5, 2)).empty());
  const auto rows = told(drops, with_drops(8));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].row_kind, RowKind::never_connected);
  EXPECT_EQ(rows[0].sk_mem_info_drops, 3U);
  EXPECT_EQ(rows[0].close_reason, CloseReason::accept_overflow) << "its queue was full";
  EXPECT_FALSE(rows[0].last_row || rows[0].knows(Block::cookie));
  const auto unexplained = told(drops, with_drops(9));
  ASSERT_EQ(unexplained.size(), 1U);
  EXPECT_EQ(unexplained[0].close_reason, CloseReason::unknown);
  drops.compare({}, *std::make_unique<std::vector<Row>>());
  EXPECT_TRUE(told(drops, with_drops(20)).empty()) << "it was gone, and forgotten";
}

TEST(ListenerDropsTest, explain_what_never_came_to_be_when_the_queue_has_room_again) {
  Row failed;
  failed.row_kind = RowKind::never_connected;
  failed.close_reason = CloseReason::aborted;
  failed.inet_diag_msg_state = 2;
  failed.inet_diag_msg_family = AF_INET;
  failed.inet_diag_msg_socket_destination = {127, 0, 0, 1};
  failed.inet_diag_msg_socket_destination_port = 8001;
  failed.netns_inode = 4;
  failed.tcp_info_total_retrans = 1;
  Row dropped = with_drops(3);
  dropped.row_kind = RowKind::never_connected;
  blame_full_listeners({&dropped, 1}, {&failed, 1}, Requests::too);
  EXPECT_EQ(failed.close_reason, CloseReason::accept_overflow);
}

}  // namespace
}  // namespace uncork::probe
