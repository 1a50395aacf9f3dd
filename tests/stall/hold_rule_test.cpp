// Why written bytes have not left: the kernel's tests in the kernel's order (Linux tcp_output.c, tcp_write_xmit), and who pays
// for a Nagle hold.

#include "stall/hold_rule.h"

#include <gtest/gtest.h>

#include <vector>

namespace {

/// 100 bytes wait behind a small unacknowledged segment: the textbook hold, which each case changes.
uncork_sender textbook() {
  uncork_sender s{};
  s.unsent_bytes = 100;
  s.mss_bytes = 1448;
  s.flight_bytes = 40;
  s.small_unacked = 1;
  return s;
}

template <typename Change>
uncork_hold hold_when(Change change) {
  uncork_sender s = textbook();
  change(s);
  return uncork_hold_of(&s);
}

TEST(HoldRule, a_partial_segment_behind_an_unacknowledged_small_one_is_held_by_nagle) {
  EXPECT_EQ(hold_when([](uncork_sender&) {}), UNCORK_HOLD_NAGLE);
}

TEST(HoldRule, what_has_been_sent_is_not_held_whatever_the_state) {
  for (unsigned bits = 0; bits < 1024; ++bits) {
    const auto bit = [bits](unsigned n) { return static_cast<uncork_u8>(bits >> n & 1U); };
    uncork_sender s{};
    s.mss_bytes = 1448;
    s.flight_bytes = bit(0) * 40U;
    s.small_unacked = bit(1);
    s.nodelay = bit(2);
    s.corked = bit(3);
    s.more = bit(4);
    s.window_limited = bit(5);
    s.buffer_fixed = bit(6);
    s.congestion_limited = bit(7);
    s.paced = bit(8);
    s.recovering = bit(9);
    EXPECT_EQ(uncork_hold_of(&s), UNCORK_HOLD_NONE) << "state " << bits;
  }
}

TEST(HoldRule, a_blocked_writer_with_everything_sent_waits_for_its_buffer) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.unsent_bytes = 0, s.writer_blocked = 1; }), UNCORK_HOLD_BUFFER);
}

TEST(HoldRule, a_blocked_writer_behind_a_partial_segment_waits_for_its_buffer_and_not_for_nagle) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.writer_blocked = 1; }), UNCORK_HOLD_BUFFER);
}

TEST(HoldRule, a_blocked_writer_behind_a_closed_window_waits_for_the_window) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.writer_blocked = 1, s.window_limited = 1; }), UNCORK_HOLD_WINDOW);
}

TEST(HoldRule, a_blocked_writer_behind_a_full_congestion_window_waits_for_the_path) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.writer_blocked = 1, s.congestion_limited = 1, s.unsent_bytes = 5 * 1448; }),
            UNCORK_HOLD_CONGESTION);
}

TEST(HoldRule, a_blocked_writer_behind_full_segments_that_nothing_holds_back_waits_for_its_buffer) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.writer_blocked = 1, s.unsent_bytes = 5 * 1448; }), UNCORK_HOLD_BUFFER);
}

TEST(HoldRule, a_blocked_writer_under_cork_waits_for_its_buffer_since_the_cork_keeps_no_whole_segment) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.writer_blocked = s.corked = 1; }), UNCORK_HOLD_BUFFER);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.writer_blocked = s.corked = 1, s.unsent_bytes = 5 * 1448; }), UNCORK_HOLD_BUFFER);
}

TEST(HoldRule, a_blocked_writer_whose_bytes_are_being_recovered_waits_for_that) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.writer_blocked = s.recovering = 1; }), UNCORK_HOLD_RECOVERY);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.writer_blocked = s.recovering = 1, s.unsent_bytes = 0; }), UNCORK_HOLD_NONE);
}

TEST(HoldRule, msg_more_holds_a_partial_segment_as_a_cork_does_with_nodelay_or_nothing_in_flight_too) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.more = 1; }), UNCORK_HOLD_CORK);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.more = s.nodelay = 1; }), UNCORK_HOLD_CORK);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.more = 1, s.flight_bytes = s.small_unacked = 0; }), UNCORK_HOLD_CORK);
}

TEST(HoldRule, nodelay_holds_nothing_back_so_what_waits_without_msg_more_waits_for_a_reason_unknown) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.nodelay = 1; }), UNCORK_HOLD_OTHER);
}

TEST(HoldRule, nothing_in_flight_leaves_nothing_to_wait_for_and_is_no_sign_of_msg_more) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.flight_bytes = 0; }), UNCORK_HOLD_OTHER);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.flight_bytes = s.small_unacked = 0; }), UNCORK_HOLD_OTHER);
}

TEST(HoldRule, tcp_cork_is_tested_before_nagle) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.corked = 1; }), UNCORK_HOLD_CORK);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.corked = s.nodelay = 1; }), UNCORK_HOLD_CORK);
}

TEST(HoldRule, nagle_holds_nothing_when_only_full_segments_are_unacknowledged) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.small_unacked = 0; }), UNCORK_HOLD_OTHER);
}

TEST(HoldRule, a_full_segment_is_never_nagles_nor_the_corks) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.unsent_bytes = 1447; }), UNCORK_HOLD_NAGLE);
  for (const uncork_u8 corked : {uncork_u8{0}, uncork_u8{1}}) {
    EXPECT_EQ(hold_when([corked](uncork_sender& s) { s.unsent_bytes = 1448, s.corked = s.more = corked; }),
              UNCORK_HOLD_CONGESTION);
    EXPECT_EQ(hold_when([corked](uncork_sender& s) { s.unsent_bytes = 1448, s.flight_bytes = 0, s.corked = s.more = corked; }),
              UNCORK_HOLD_OTHER);
  }
}

TEST(HoldRule, a_full_segment_behind_others_in_flight_is_deferred_until_the_congestion_window_opens_further) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.unsent_bytes = 5 * 1448, s.nodelay = 1; }), UNCORK_HOLD_CONGESTION);
}

TEST(HoldRule, pacing_keeps_back_what_nothing_else_does) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.paced = s.nodelay = 1; }), UNCORK_HOLD_PACING);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.paced = 1, s.unsent_bytes = 5 * 1448; }), UNCORK_HOLD_PACING);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.paced = s.window_limited = 1; }), UNCORK_HOLD_WINDOW);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.paced = s.congestion_limited = 1; }), UNCORK_HOLD_CONGESTION);
}

TEST(HoldRule, a_paced_tail_that_nagle_or_a_cork_would_hold_is_theirs) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.paced = 1; }), UNCORK_HOLD_NAGLE);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.paced = s.corked = 1; }), UNCORK_HOLD_CORK);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.paced = s.more = s.nodelay = 1; }), UNCORK_HOLD_CORK);
}

TEST(HoldRule, the_pace_of_a_blocked_writer_is_the_limit_only_of_a_buffer_that_the_kernel_may_enlarge) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.paced = s.writer_blocked = 1, s.unsent_bytes = 5 * 1448; }), UNCORK_HOLD_PACING);
  EXPECT_EQ(hold_when([](uncork_sender& s) {
              s.paced = s.writer_blocked = s.buffer_fixed = 1;
              s.unsent_bytes = 5 * 1448;
            }),
            UNCORK_HOLD_BUFFER);
}

TEST(HoldRule, the_peers_window_comes_before_cork_and_nagle) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.window_limited = 1; }), UNCORK_HOLD_WINDOW);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.window_limited = s.corked = s.congestion_limited = 1; }), UNCORK_HOLD_WINDOW);
  EXPECT_EQ(hold_when([](uncork_sender& s) {
              s.window_limited = 1;
              s.flight_bytes = 0;
            }),
            UNCORK_HOLD_WINDOW);
}

TEST(HoldRule, the_congestion_window_limits_only_what_is_in_flight) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.congestion_limited = 1; }), UNCORK_HOLD_CONGESTION);
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.congestion_limited = s.corked = 1; }), UNCORK_HOLD_CONGESTION);
  EXPECT_EQ(hold_when([](uncork_sender& s) {
              s.congestion_limited = 1;
              s.flight_bytes = 0;
            }),
            UNCORK_HOLD_OTHER);
}

TEST(HoldRule, recovery_comes_before_everything) {
  EXPECT_EQ(hold_when([](uncork_sender& s) { s.recovering = s.window_limited = s.congestion_limited = s.corked = 1; }),
            UNCORK_HOLD_RECOVERY);
}

TEST(HoldRule, a_sender_without_a_known_segment_size_is_not_blamed_on_nagle) {
  EXPECT_NE(hold_when([](uncork_sender& s) { s.mss_bytes = 0; }), UNCORK_HOLD_NAGLE);
}

// --- who pays ---

constexpr uncork_u8 kPureAck = 0, kOnData = 1;

struct Paid {
  const char* when;
  uncork_u64 unacked_us;
  uncork_u32 min_rtt_us;
  uncork_u8 ack_on_data;
  uncork_cause cause;
};

TEST(NagleCause, is_the_delayed_ack_from_the_threshold_on_and_the_round_trip_below) {
  const std::vector<Paid> table = {
      {"a prompt pure ACK on loopback", 60, 20, kPureAck, UNCORK_NAGLE_ROUND_TRIP},
      {"a pure ACK a tick late, less 1 us", 4'019, 20, kPureAck, UNCORK_NAGLE_ROUND_TRIP},
      {"a pure ACK a tick late", 4'020, 20, kPureAck, UNCORK_NAGLE_DELAYED_ACK},
      {"the timer's pure ACK", 40'000, 20, kPureAck, UNCORK_NAGLE_DELAYED_ACK},
      {"a tuned timer of 5 ms (measured 7 to 11)", 7'000, 20, kPureAck, UNCORK_NAGLE_DELAYED_ACK},
      {"no round trip known yet", 3'999, 0, kPureAck, UNCORK_NAGLE_ROUND_TRIP},
      {"no round trip known yet, late", 4'000, 0, kPureAck, UNCORK_NAGLE_DELAYED_ACK},
      {"the answer after 30 ms", 30'000, 20, kOnData, UNCORK_NAGLE_ROUND_TRIP},
      {"the answer just before the timer", 35'019, 20, kOnData, UNCORK_NAGLE_ROUND_TRIP},
      {"an answer after the timer", 35'020, 20, kOnData, UNCORK_NAGLE_DELAYED_ACK},
      {"a path of 30 ms, on time", 31'000, 30'000, kPureAck, UNCORK_NAGLE_ROUND_TRIP},
      {"a path of 30 ms whose time varies by less than itself", 59'999, 30'000, kPureAck, UNCORK_NAGLE_ROUND_TRIP},
      {"a path of 30 ms and the timer", 60'000, 30'000, kPureAck, UNCORK_NAGLE_DELAYED_ACK},
      {"a path of 200 ms and less than the timer", 234'999, 200'000, kPureAck, UNCORK_NAGLE_ROUND_TRIP},
      {"a path of 200 ms and the timer", 235'000, 200'000, kPureAck, UNCORK_NAGLE_DELAYED_ACK},
      {"a path of 200 ms, the answer on time", 234'999, 200'000, kOnData, UNCORK_NAGLE_ROUND_TRIP},
      {"a round trip as long as the type holds", 4'294'967'295, 4'294'967'295, kPureAck, UNCORK_NAGLE_ROUND_TRIP},
      {"that and the timer", 4'295'002'295, 4'294'967'295, kPureAck, UNCORK_NAGLE_DELAYED_ACK},
  };
  for (const Paid& paid : table) {
    EXPECT_EQ(uncork_nagle_cause(paid.unacked_us, paid.min_rtt_us, paid.ack_on_data), paid.cause) << paid.when;
  }
}

}  // namespace
