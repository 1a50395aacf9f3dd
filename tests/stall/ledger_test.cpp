// Which cause pays, told as conversations. Unless a test says otherwise the round trip takes 100 us.

#include "stall/ledger.hpp"

#include <gtest/gtest.h>

#include "conversation.hpp"

namespace uncork::stall {
namespace {

/// A request in two writes: the second waits for the ACK of the first.
Conversation held_by_nagle(SenderState state = quiet_path()) {
  Conversation c(Role::requester, state);
  c.wrote_and_sent(40).wrote(60);
  return c;
}

Budget only(const std::vector<Charge>& charges) { return budget_of(charges); }

// --- Nagle ---

TEST(Ledger, charges_a_hold_to_the_delayed_ack_that_ended_it) {
  auto c = held_by_nagle();
  c.after(ms(41)).acked(40).sent(60);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::nagle_delayed_ack, ms(41)}}));
  EXPECT_EQ(c.ledger().account().holds, 1U);
}

TEST(Ledger, charges_a_hold_to_the_round_trip_when_the_peer_acknowledged_at_once) {
  auto c = held_by_nagle();
  c.after(us(130)).acked(40).sent(60);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::nagle_round_trip, us(130)}}));
}

TEST(Ledger, charges_a_hold_to_the_round_trip_when_the_answer_brought_the_ack_before_the_timer) {
  auto c = held_by_nagle();
  c.after(ms(30)).acked_on_data(40).sent(60);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::nagle_round_trip, ms(30)}}));
}

TEST(Ledger, charges_a_hold_to_the_delayed_ack_when_the_answer_brought_it_after_the_timer) {
  auto c = held_by_nagle();
  c.after(ms(40)).acked_on_data(40).sent(60);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::nagle_delayed_ack, ms(40)}}));
}

TEST(Ledger, does_not_take_a_long_path_for_a_delayed_ack) {
  auto prompt = held_by_nagle(quiet_path(ms(30)));
  prompt.after(ms(31)).acked(40).sent(60);
  EXPECT_EQ(prompt.ledger().account().budget, only({{Cause::nagle_round_trip, ms(31)}}));

  auto delayed = held_by_nagle(quiet_path(ms(30)));
  delayed.after(ms(70)).acked(40).sent(60);
  EXPECT_EQ(delayed.ledger().account().budget, only({{Cause::nagle_delayed_ack, ms(70)}}));
}

TEST(Ledger, measures_the_ack_from_the_transmission_not_from_the_write_that_waited) {
  Conversation c;
  c.wrote_and_sent(40).after(ms(35)).wrote(60).after(ms(6)).acked(40).sent(60);
  // The hold lasted 6 ms; the segment in flight went unacknowledged for 41.
  EXPECT_EQ(c.charged(Cause::nagle_delayed_ack), ms(6));
  EXPECT_EQ(c.lost(), ms(6));
}

TEST(Ledger, a_hold_that_nodelay_ends_is_judged_as_by_a_pure_ack_then) {
  auto late = held_by_nagle();
  late.after(ms(20)).option([](SenderState& s) { s.nodelay = true; }).sent(60);
  EXPECT_EQ(late.ledger().account().budget, only({{Cause::nagle_delayed_ack, ms(20)}}));

  auto soon = held_by_nagle();
  soon.after(ms(2)).option([](SenderState& s) { s.nodelay = true; }).sent(60);
  EXPECT_EQ(soon.ledger().account().budget, only({{Cause::nagle_round_trip, ms(2)}}));
}

TEST(Ledger, a_hold_that_more_bytes_end_is_judged_as_by_a_pure_ack_then) {
  auto late = held_by_nagle();
  late.after(ms(20)).wrote(kMss).sent(60 + kMss);
  EXPECT_EQ(late.ledger().account().budget, only({{Cause::nagle_delayed_ack, ms(20)}}));

  auto soon = held_by_nagle();
  soon.after(ms(1)).wrote(kMss).sent(60 + kMss);
  EXPECT_EQ(soon.ledger().account().budget, only({{Cause::nagle_round_trip, ms(1)}}));
}

TEST(Ledger, a_hold_that_the_end_of_the_connection_ends_is_judged_as_by_a_pure_ack_then) {
  auto c = held_by_nagle();
  c.after(ms(20)).closed();
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::nagle_delayed_ack, ms(20)}}));
}

TEST(Ledger, small_writes_that_add_to_a_hold_do_not_end_it) {
  auto c = held_by_nagle();
  for (int i = 0; i < 10; ++i) c.after(ms(4)).wrote(60);
  c.after(ms(1)).acked(40).sent(660);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::nagle_delayed_ack, ms(41)}}));
  EXPECT_EQ(c.ledger().account().holds, 1U);
  EXPECT_EQ(c.ledger().account().writes, 12U);
}

TEST(Ledger, shows_a_running_hold_apart_from_what_is_charged) {
  auto c = held_by_nagle();
  c.after(ms(10)).wrote(1);
  EXPECT_EQ(c.ledger().held(), ms(10));
  EXPECT_EQ(c.lost(), ms(0));
}

TEST(Ledger, an_ack_of_a_part_of_the_small_segment_ends_nothing) {
  auto c = held_by_nagle();
  c.after(ms(5)).acked(39).after(ms(36)).acked(1).sent(60);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::nagle_delayed_ack, ms(41)}}));
  EXPECT_EQ(c.ledger().account().holds, 1U);
}

TEST(Ledger, full_segments_in_flight_are_no_reason_for_nagle_to_hold_a_small_one) {
  Conversation c;
  c.wrote_and_sent(2 * kMss).wrote(60).after(ms(41)).acked(2 * kMss).sent(60);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::unattributed, ms(41)}}));
}

TEST(Ledger, nagle_is_not_to_blame_after_nodelay) {
  Conversation c;
  c.option([](SenderState& s) { s.nodelay = true; });
  c.wrote_and_sent(40).wrote_and_sent(60).after(ms(41)).acked(100);
  EXPECT_EQ(c.lost(), ms(0));
}

TEST(Ledger, an_ack_lets_go_of_bytes_though_their_transmission_is_told_only_with_the_next_write) {
  auto c = held_by_nagle();
  c.after(ms(41)).acked(40).after(ms(5)).wrote(30).sent(90);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::nagle_delayed_ack, ms(41)}, {Cause::local_think, ms(5)}}));
}

// --- cork ---

TEST(Ledger, charges_a_corked_partial_segment_to_the_cork) {
  Conversation c;
  c.option([](SenderState& s) { s.corked = true; }).wrote(60).after(ms(200)).sent(60);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::cork, ms(200)}}));
  EXPECT_EQ(c.ledger().account().holds, 1U);
}

TEST(Ledger, charges_msg_more_to_the_cork_though_the_socket_shows_no_flag) {
  Conversation c;
  c.wrote(60).after(ms(200)).sent(60);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::cork, ms(200)}}));
}

TEST(Ledger, charges_msg_more_under_nodelay_to_the_cork_with_bytes_in_flight_too) {
  Conversation c;
  c.option([](SenderState& s) { s.nodelay = true; }).wrote_and_sent(40).wrote(60).after(ms(50)).sent(60);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::cork, ms(50)}}));
}

TEST(Ledger, a_cork_that_is_cleared_ends_there) {
  Conversation c;
  c.option([](SenderState& s) { s.corked = true; }).wrote(60).after(ms(70));
  c.option([](SenderState& s) { s.corked = false; }).sent(60).after(us(100)).received(5);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::cork, ms(70)}, {Cause::network, us(100)}}));
}

// --- the other limits ---

TEST(Ledger, charges_a_closed_window_to_the_reader) {
  Conversation c;
  c.wrote(100 * kMss).sent(40 * kMss).sampled([](SenderState& s) { s.window_limited = true; });
  c.after(ms(300)).sampled([](SenderState& s) { s.window_limited = false; }).sent(60 * kMss);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::receive_window, ms(300)}}));
}

TEST(Ledger, charges_a_window_that_only_the_kernels_chronograph_saw) {
  Conversation c;
  c.wrote_and_sent(40 * kMss).after(ms(100));
  c.sampled([](SenderState& s) { s.window_limited_for = ms(80); }).received(5);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::receive_window, ms(80)}, {Cause::peer_think, ms(20)}}));
}

TEST(Ledger, charges_a_full_send_buffer_to_the_buffer) {
  Conversation c;
  c.wrote(64'000).sent(40 * kMss).after(ms(90));
  c.sampled([](SenderState& s) { s.buffer_limited_for = ms(90); }).wrote(64'000);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::send_buffer, ms(90)}}));
}

TEST(Ledger, charges_a_writer_seen_blocked_to_its_buffer_and_the_chronographs_time_not_again) {
  Conversation c;
  c.wrote_and_sent(64'000).sampled([](SenderState& s) { s.writer_blocked = true; }).after(ms(90));
  c.sampled([](SenderState& s) { s.writer_blocked = false, s.buffer_limited_for = ms(88); }).wrote_and_sent(64'000);
  c.after(ms(2)).received(5);
  EXPECT_EQ(c.ledger().account().budget,
            only({{Cause::send_buffer, ms(90)}, {Cause::network, us(100)}, {Cause::peer_think, us(1'900)}}));
}

TEST(Ledger, charges_a_full_congestion_window) {
  Conversation c;
  c.wrote(100 * kMss).sent(10 * kMss).sampled([](SenderState& s) { s.congestion_limited = true; });
  c.after(ms(25)).acked(10 * kMss).sent(90 * kMss);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::congestion_window, ms(25)}}));
}

TEST(Ledger, charges_the_wait_for_a_retransmission_to_loss) {
  Conversation c;
  c.wrote_and_sent(40).after(ms(204)).retransmitted().after(us(100)).received(5);
  EXPECT_EQ(c.charged(Cause::loss_recovery), ms(204));
  EXPECT_EQ(c.lost(), ms(204));
}

TEST(Ledger, charges_everything_until_recovery_ends_to_loss) {
  Conversation c;
  c.wrote_and_sent(40).after(ms(204)).retransmitted().sampled([](SenderState& s) { s.recovering = true; });
  c.after(ms(50)).received(5);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::loss_recovery, ms(254)}}));
}

TEST(Ledger, charges_a_nagle_hold_behind_a_lost_segment_to_the_loss) {
  auto c = held_by_nagle();
  c.after(ms(204)).retransmitted().after(us(120)).acked(40).sent(60);
  EXPECT_EQ(c.charged(Cause::loss_recovery), ms(204));
  EXPECT_EQ(c.charged(Cause::nagle_delayed_ack) + c.charged(Cause::nagle_round_trip), us(120));
}

TEST(Ledger, charges_bytes_that_wait_during_recovery_to_loss) {
  Conversation c;
  c.wrote(100 * kMss).sent(10 * kMss).sampled([](SenderState& s) { s.recovering = true; });
  c.after(ms(12)).sampled([](SenderState& s) { s.recovering = false; }).sent(90 * kMss);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::loss_recovery, ms(12)}}));
}

TEST(Ledger, leaves_a_full_segment_that_waits_without_a_reason_unattributed) {
  Conversation c;
  c.wrote(10 * kMss).after(ms(3)).sent(10 * kMss);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::unattributed, ms(3)}}));
  EXPECT_EQ(c.lost(), ms(0));
}

// --- nothing held: whose turn it was ---

TEST(Ledger, charges_a_request_to_the_wire_for_a_round_trip_and_then_to_the_peers_thinking) {
  Conversation c;
  c.wrote_and_sent(40).after(ms(5)).received(10);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::network, us(100)}, {Cause::peer_think, us(4'900)}}));
}

TEST(Ledger, charges_an_answer_that_took_a_round_trip_to_the_wire_alone) {
  Conversation c(Role::requester, quiet_path(ms(20)));
  c.wrote_and_sent(40).after(ms(20)).received(10);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::network, ms(20)}}));
}

TEST(Ledger, charges_the_time_between_a_read_request_and_its_answer_to_local_thinking) {
  Conversation c(Role::responder);
  c.received(40).after(ms(1)).read(40).after(ms(7)).wrote_and_sent(10);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::read_lag, ms(1)}, {Cause::local_think, ms(7)}}));
}

TEST(Ledger, does_not_charge_the_way_of_a_fin_which_carries_no_answer) {
  Conversation c;
  c.wrote_and_sent(40).after(us(100)).received(10).after(ms(5)).sent(1).after(ms(1)).closed();
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::network, us(100)}, {Cause::idle, ms(6)}}));
}

TEST(Ledger, charges_the_time_between_exchanges_to_nobody) {
  Conversation c;
  c.wrote_and_sent(40).after(us(100)).received(10).after(ms(500)).wrote_and_sent(40);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::network, us(100)}, {Cause::idle, ms(500)}}));
}

class ThinkTime : public testing::TestWithParam<int> {};

// 40 ms is the delayed ACK's timer; its pure ACK goes out while the peer thinks. Nothing is held, so nothing is lost.
TEST_P(ThinkTime, of_the_peer_is_not_a_stall_though_a_delayed_ack_comes_in_between) {
  const core::Micros think = ms(GetParam());
  Conversation c;
  c.wrote_and_sent(40);
  if (think >= ms(40)) {
    c.after(ms(40)).acked(40).after(think - ms(40)).received(10);
  } else {
    c.after(think).acked_on_data(40).received(10);
  }
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::network, us(100)}, {Cause::peer_think, think - us(100)}}));
}

TEST_P(ThinkTime, of_this_end_is_not_a_stall) {
  const core::Micros think = ms(GetParam());
  Conversation c(Role::responder);
  c.received(40).read(40).after(think).wrote_and_sent(10);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::local_think, think}}));
}

TEST_P(ThinkTime, behind_a_hold_is_charged_up_to_the_ack_only) {
  const core::Micros think = ms(GetParam());
  auto c = held_by_nagle();
  if (think >= ms(40)) {
    c.after(ms(40)).acked(40).sent(60).after(think).received(10);
    EXPECT_EQ(c.ledger().account().budget,
              only({{Cause::nagle_delayed_ack, ms(40)}, {Cause::network, us(100)}, {Cause::peer_think, think - us(100)}}));
  } else {
    c.after(think).acked_on_data(40).received(10).sent(60);
    EXPECT_EQ(c.ledger().account().budget, only({{Cause::nagle_round_trip, think}}));
  }
}

INSTANTIATE_TEST_SUITE_P(Milliseconds, ThinkTime, testing::Values(30, 40, 60), testing::PrintToStringParamName());

// --- what sources get wrong ---

TEST(Ledger, a_clock_that_steps_back_loses_no_time_and_counts_none_twice) {
  Conversation c;
  c.wrote_and_sent(40).after(ms(5)).received(10);
  c.after(ms(-3)).wrote_and_sent(40).after(ms(3)).received(10);
  EXPECT_EQ(c.ledger().account().budget.total(), ms(5));
  EXPECT_EQ(c.ledger().charged_until(), kStart + ms(5));
}

TEST(Ledger, more_sent_than_written_and_more_acknowledged_than_sent_is_clamped) {
  Conversation c;
  c.sent(1000).acked(4'000'000'000U).wrote(60).after(ms(1)).sent(60);
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::cork, ms(1)}}));  // nothing was in flight
  c.wrote(60).after(ms(41)).acked(60).sent(60);                          // and now 60 bytes are
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::cork, ms(1)}, {Cause::nagle_delayed_ack, ms(41)}}));
}

TEST(Ledger, begins_at_its_first_event_when_nothing_said_that_it_opened) {
  Ledger ledger;
  Event event;
  event.at = kStart;
  event.kind = EventKind::wrote;
  event.bytes = 40;
  ledger.feed(event);
  EXPECT_EQ(ledger.opened_at(), kStart);
  EXPECT_EQ(ledger.account().writes, 1U);
  EXPECT_EQ(ledger.account().exchanges, 1U);
}

TEST(Ledger, nothing_after_the_close_is_counted) {
  Conversation c;
  c.wrote_and_sent(40).after(us(100)).received(10).closed();
  const Budget at_close = c.ledger().account().budget;
  c.after(ms(9)).wrote_and_sent(40).after(ms(9)).received(10).retransmitted().closed();
  EXPECT_EQ(c.ledger().account().budget, at_close);
  EXPECT_EQ(c.ledger().account().writes, 1U);
  EXPECT_EQ(c.ledger().take_exchanges().size(), 1U);
}

TEST(Ledger, counts_writes_and_bytes_each_way) {
  Conversation c;
  c.wrote_and_sent(40).wrote_and_sent(60).received(7).received(8);
  const Account account = c.ledger().account();
  EXPECT_EQ(account.writes, 2U);
  EXPECT_EQ(account.wrote_bytes, 100U);
  EXPECT_EQ(account.received_bytes, 15U);
}

}  // namespace
}  // namespace uncork::stall
