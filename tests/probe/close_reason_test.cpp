#include "probe/diag/close_reason.hpp"

#include <gtest/gtest.h>

#include "probe/tcp_info.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::CloseReason;
using record::Row;

/// What the kernel says last of a connection that sent 100 bytes.
Row last_word(std::uint64_t acked) {
  Row row;
  row.inet_diag_msg_state = 7;
  row.inet_diag_msg_socket_destination_port = 8001;
  row.tcp_info_bytes_sent = 100;
  row.tcp_info_bytes_acked = acked;
  row.tcp_info_bytes_received = 50;
  row.tcp_info_segs_in = 5;
  row.tcp_info_snd_wnd = 65535;
  row.tcp_info_rtt = 40;
  row.blocks |= record::Blocks(Block::tcp_info) | Block::tcp_info_4_19 | Block::tcp_info_5_4;
  return row;
}

Row in_state(TcpState state) {
  Row row;
  row.inet_diag_msg_state = static_cast<std::uint32_t>(state);
  return row;
}

TEST(CloseReasonOf, an_acknowledged_fin_is_an_orderly_end) {
  EXPECT_EQ(close_reason_of(last_word(102), nullptr), CloseReason::fin) << "SYN, 100 bytes and FIN";
  Row accepted = last_word(101);
  EXPECT_EQ(close_reason_of(accepted, nullptr), CloseReason::unknown) << "either our SYN or our FIN";
  accepted.inet_diag_msg_rqueue = 1;  // the peer's FIN
  EXPECT_EQ(close_reason_of(accepted, nullptr), CloseReason::fin);
}

TEST(CloseReasonOf, bytes_that_were_sent_again_count_once) {
  Row row = last_word(102);
  row.tcp_info_bytes_sent = 150;
  row.tcp_info_bytes_retrans = 50;
  EXPECT_EQ(close_reason_of(row, nullptr), CloseReason::fin);
}

TEST(CloseReasonOf, the_state_that_a_look_saw_tells_that_both_ends_were_closing) {
  for (const TcpState state : {TcpState::last_ack, TcpState::closing, TcpState::fin_wait2}) {
    const Row before = in_state(state);
    EXPECT_EQ(close_reason_of(last_word(101), &before), CloseReason::fin);
  }
  const Row before = in_state(TcpState::established);
  EXPECT_EQ(close_reason_of(last_word(101), &before), CloseReason::unknown);
}

TEST(CloseReasonOf, no_number_beyond_the_bytes_is_a_reset_of_the_peers) {
  EXPECT_EQ(close_reason_of(last_word(100), nullptr), CloseReason::reset_received);
  Row unread = last_word(100);
  unread.inet_diag_msg_rqueue = 10;
  EXPECT_EQ(close_reason_of(unread, nullptr), CloseReason::unknown) << "closed with unread data, or reset";
}

TEST(CloseReasonOf, what_is_still_queued_after_retries_timed_out) {
  Row row = last_word(50);
  row.inet_diag_msg_wqueue = 50;
  EXPECT_EQ(close_reason_of(row, nullptr), CloseReason::unknown);
  row.tcp_info_backoff = 3;
  EXPECT_EQ(close_reason_of(row, nullptr), CloseReason::timeout);
  Row silent = last_word(101);
  silent.tcp_info_probes = 9;  // keepalive
  EXPECT_EQ(close_reason_of(silent, nullptr), CloseReason::timeout);
}

TEST(CloseReasonOf, says_nothing_of_listeners_and_of_what_has_no_counters) {
  const Row listener = in_state(TcpState::listen);
  EXPECT_EQ(close_reason_of(last_word(100), &listener), CloseReason::unknown);
  Row bare = last_word(102);
  bare.blocks = {};
  EXPECT_EQ(close_reason_of(bare, nullptr), CloseReason::unknown);
}

TEST(NeverConnectedBy, counters_is_one_that_heard_nothing_but_perhaps_a_refusal) {
  Row row = last_word(0);
  row.tcp_info_bytes_sent = row.tcp_info_bytes_received = row.tcp_info_snd_wnd = row.tcp_info_rtt = 0;
  EXPECT_TRUE(never_connected(row, nullptr));
  EXPECT_EQ(close_reason_of(row, nullptr), CloseReason::refused);
  row.tcp_info_segs_in = 0;
  EXPECT_EQ(close_reason_of(row, nullptr), CloseReason::timeout);
  EXPECT_FALSE(never_connected(last_word(0), nullptr));
  row.inet_diag_msg_socket_destination_port = 0;
  EXPECT_FALSE(never_connected(row, nullptr)) << "it never asked";
}

TEST(NeverConnectedBy, the_state_before_needs_an_acknowledgement_to_be_one) {
  const Row asking = in_state(TcpState::syn_sent);
  EXPECT_TRUE(never_connected(last_word(0), &asking));
  EXPECT_FALSE(never_connected(last_word(1), &asking)) << "its SYN was acknowledged";
  const Row established = in_state(TcpState::established);
  EXPECT_FALSE(never_connected(last_word(0), &established));
}

}  // namespace
}  // namespace uncork::probe
