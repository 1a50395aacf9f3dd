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
  EXPECT_EQ(c.concluded(), only({{Cause::nagle_delayed_ack, ms(41)}}));
  EXPECT_EQ(c.ledger().account().holds, 1U);
}

TEST(Ledger, charges_a_hold_to_the_round_trip_when_the_peer_acknowledged_at_once) {
  auto c = held_by_nagle();
  c.after(us(130)).acked(40).sent(60);
  EXPECT_EQ(c.concluded(), only({{Cause::nagle_round_trip, us(130)}}));
}

// 60 of 100 outstanding bytes are held, and of one hold no more is claimed than the round trip and a quarter of a tick.
TEST(Ledger, of_a_hold_that_ends_with_data_of_the_peer_only_the_held_share_is_lost_and_at_most_a_round_trip) {
  auto brief = held_by_nagle();
  brief.after(us(150)).acked_on_data(40).received(10);
  EXPECT_EQ(brief.concluded(), only({{Cause::nagle_round_trip, us(90)}, {Cause::network, us(60)}}));

  auto before_the_timer = held_by_nagle();
  before_the_timer.after(ms(30)).acked_on_data(40).received(10);
  EXPECT_EQ(before_the_timer.concluded(),
            only({{Cause::nagle_round_trip, us(1'100)}, {Cause::network, us(100)}, {Cause::peer_think, us(28'800)}}));

  auto after_the_timer = held_by_nagle();
  after_the_timer.after(ms(40)).acked_on_data(40).received(10);
  EXPECT_EQ(after_the_timer.concluded(),
            only({{Cause::nagle_delayed_ack, us(1'100)}, {Cause::network, us(100)}, {Cause::peer_think, us(38'800)}}));
}

TEST(Ledger, of_a_hold_during_which_data_of_the_peer_came_only_the_held_share_is_lost_though_a_bare_ack_ends_it) {
  auto c = held_by_nagle();
  c.after(us(150)).received(10).after(us(50)).acked(40).sent(60);
  EXPECT_EQ(c.concluded(), only({{Cause::nagle_round_trip, us(120)}, {Cause::network, us(80)}}));
}

TEST(Ledger, does_not_take_a_long_path_for_a_delayed_ack) {
  auto prompt = held_by_nagle(quiet_path(ms(30)));
  prompt.after(ms(31)).acked(40).sent(60);
  EXPECT_EQ(prompt.concluded(), only({{Cause::nagle_round_trip, ms(31)}}));

  auto delayed = held_by_nagle(quiet_path(ms(30)));
  delayed.after(ms(70)).acked(40).sent(60);
  EXPECT_EQ(delayed.concluded(), only({{Cause::nagle_delayed_ack, ms(70)}}));
}

TEST(Ledger, measures_the_ack_from_the_transmission_not_from_the_write_that_waited) {
  Conversation c;
  c.wrote_and_sent(40).after(ms(35)).wrote(60).after(ms(6)).acked(40).sent(60);
  // The hold lasted 6 ms; the segment in flight went unacknowledged for 41.
  EXPECT_EQ(c.charged(Cause::nagle_delayed_ack), ms(6));
  EXPECT_EQ(c.lost(), ms(6));
}

TEST(Ledger, a_hold_that_nodelay_ends_was_the_applications_work) {
  auto c = held_by_nagle();
  c.after(ms(20)).option([](SenderState& s) { s.nodelay = true; }).sent(60);
  EXPECT_EQ(c.concluded(), only({{Cause::local_think, ms(20)}}));
  EXPECT_EQ(c.ledger().account().holds, 1U);
}

TEST(Ledger, a_hold_that_more_bytes_end_lost_nothing_since_the_application_was_at_work_until_then) {
  auto c = held_by_nagle();
  c.after(ms(20)).wrote(kMss).sent(60 + kMss);
  EXPECT_EQ(c.concluded(), only({{Cause::local_think, ms(20)}}));
}

TEST(Ledger, a_hold_that_the_end_of_the_connection_ends_was_the_applications_work) {
  auto closed = held_by_nagle();
  closed.after(ms(20)).closed();
  EXPECT_EQ(closed.concluded(), only({{Cause::local_think, ms(20)}}));

  auto finished = held_by_nagle();
  finished.after(ms(20)).finished().after(us(100)).acked(100).after(us(50)).closed();
  EXPECT_EQ(finished.concluded(), only({{Cause::local_think, ms(20)}, {Cause::idle, us(150)}}));
}

TEST(Ledger, small_writes_that_add_to_a_hold_do_not_end_it_and_only_what_follows_the_last_is_lost) {
  auto c = held_by_nagle();
  for (int i = 0; i < 10; ++i) c.after(ms(4)).wrote(60);
  c.after(ms(1)).acked(40).sent(660);
  EXPECT_EQ(c.concluded(), only({{Cause::local_think, ms(40)}, {Cause::nagle_delayed_ack, ms(1)}}));
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
  EXPECT_EQ(c.concluded(), only({{Cause::nagle_delayed_ack, ms(41)}}));
  EXPECT_EQ(c.ledger().account().holds, 1U);
}

TEST(Ledger, full_segments_in_flight_are_no_reason_for_nagle_to_hold_a_small_one) {
  Conversation c;
  c.wrote_and_sent(2 * kMss).wrote(60).after(ms(41)).acked(2 * kMss).sent(60);
  EXPECT_EQ(c.concluded(), only({{Cause::unattributed, ms(41)}}));
}

TEST(Ledger, nagle_is_not_to_blame_after_nodelay) {
  Conversation c;
  c.option([](SenderState& s) { s.nodelay = true; });
  c.wrote_and_sent(40).wrote_and_sent(60).after(ms(41)).acked(100);
  EXPECT_EQ(c.lost(), ms(0));
}

TEST(Ledger, an_ack_lets_go_of_bytes_though_their_transmission_is_told_only_with_the_next_write) {
  auto c = held_by_nagle();
  c.after(ms(41)).acked(40).after(ms(5)).received(10).wrote(30).sent(90);
  EXPECT_EQ(c.concluded(), only({{Cause::nagle_delayed_ack, ms(41)}, {Cause::network, us(100)}, {Cause::peer_think, us(4'900)}}));
  EXPECT_EQ(c.late(Cause::nagle_delayed_ack), (Late{ms(41), 1, ms(41)}));
}

TEST(Ledger, a_hold_that_was_over_before_the_next_write_of_its_message_lost_nothing_but_was_late) {
  auto c = held_by_nagle();
  c.after(ms(41)).acked(40).after(ms(5)).wrote(30).sent(90);
  EXPECT_EQ(c.concluded(), only({{Cause::network, us(100)}, {Cause::local_think, us(45'900)}}));
  EXPECT_EQ(c.late(Cause::nagle_delayed_ack), (Late{ms(41), 1, ms(41)}));
}

// --- cork ---

TEST(Ledger, charges_a_corked_partial_segment_to_the_cork) {
  Conversation c;
  c.option([](SenderState& s) { s.corked = true; }).wrote(60).after(ms(200)).sent(60);
  EXPECT_EQ(c.concluded(), only({{Cause::cork, ms(200)}}));
  EXPECT_EQ(c.ledger().account().holds, 1U);
}

TEST(Ledger, charges_msg_more_to_the_cork) {
  Conversation c;
  c.option([](SenderState& s) { s.more = true; }).wrote(60).after(ms(200)).sent(60);
  EXPECT_EQ(c.concluded(), only({{Cause::cork, ms(200)}}));
}

TEST(Ledger, charges_msg_more_under_nodelay_to_the_cork_with_bytes_in_flight_too) {
  Conversation c;
  c.option([](SenderState& s) { s.nodelay = s.more = true; }).wrote_and_sent(40).wrote(60).after(ms(200)).sent(60);
  EXPECT_EQ(c.concluded(), only({{Cause::cork, ms(200)}}));
}

TEST(Ledger, a_partial_segment_that_waits_with_nothing_in_flight_and_no_cork_waits_for_a_reason_unknown) {
  Conversation c;
  c.wrote(60).after(ms(200)).sent(60);
  EXPECT_EQ(c.concluded(), only({{Cause::unattributed, ms(200)}}));
  EXPECT_EQ(c.ledger().account().late(), Late());
}

TEST(Ledger, an_ack_lets_go_what_msg_more_holds_and_not_what_tcp_cork_does) {
  Conversation more;
  more.wrote_and_sent(40).option([](SenderState& s) { s.more = true; }).wrote(60).after(ms(41)).acked(40).sent(60);
  EXPECT_EQ(more.concluded(), only({{Cause::cork, ms(41)}}));

  Conversation corked;
  corked.wrote_and_sent(40).option([](SenderState& s) { s.corked = true; }).wrote(60).after(ms(41)).acked(40);
  corked.after(ms(159)).sent(60).after(us(100)).received(10);
  EXPECT_EQ(corked.concluded(), only({{Cause::cork, ms(200)}, {Cause::network, us(100)}}));
}

TEST(Ledger, a_cork_that_is_cleared_was_the_applications_work) {
  Conversation c;
  c.option([](SenderState& s) { s.corked = true; }).wrote(60).after(ms(70));
  c.option([](SenderState& s) { s.corked = false; }).sent(60).after(us(100)).received(5);
  EXPECT_EQ(c.concluded(), only({{Cause::local_think, ms(70)}, {Cause::network, us(100)}}));
}

// --- the other limits ---

TEST(Ledger, charges_a_closed_window_to_the_reader) {
  Conversation c;
  c.wrote(100 * kMss).sent(40 * kMss).sampled([](SenderState& s) { s.window_limited = true; });
  c.after(ms(300)).sampled([](SenderState& s) { s.window_limited = false; }).sent(60 * kMss);
  EXPECT_EQ(c.concluded(), only({{Cause::receive_window, ms(300)}}));
}

TEST(Ledger, charges_a_window_that_only_the_kernels_chronograph_saw) {
  Conversation c;
  c.wrote_and_sent(40 * kMss).after(ms(100));
  c.sampled([](SenderState& s) { s.window_limited_for = ms(80); }).received(5);
  EXPECT_EQ(c.concluded(), only({{Cause::receive_window, ms(80)}, {Cause::peer_think, ms(20)}}));
}

TEST(Ledger, charges_a_full_send_buffer_to_the_buffer) {
  Conversation c;
  c.wrote(64'000).sent(40 * kMss).after(ms(90));
  c.sampled([](SenderState& s) { s.buffer_limited_for = ms(90); }).wrote(64'000);
  EXPECT_EQ(c.concluded(), only({{Cause::send_buffer, ms(90)}}));
}

TEST(Ledger, charges_a_writer_seen_blocked_to_its_buffer_for_a_round_trip_and_the_chronographs_time_not_again) {
  Conversation c(Role::requester, quiet_path(ms(90)));
  c.wrote_and_sent(64'000).sampled([](SenderState& s) { s.writer_blocked = true; }).after(ms(90));
  c.sampled([](SenderState& s) { s.writer_blocked = false, s.buffer_limited_for = ms(88); }).wrote_and_sent(64'000);
  c.after(ms(92)).received(5);
  EXPECT_EQ(c.concluded(), only({{Cause::send_buffer, ms(90)}, {Cause::network, ms(90)}, {Cause::peer_think, ms(2)}}));
}

TEST(Ledger, charges_a_full_congestion_window) {
  Conversation c;
  c.wrote(100 * kMss).sent(10 * kMss).sampled([](SenderState& s) { s.congestion_limited = true; });
  c.after(ms(25)).acked(10 * kMss).sent(90 * kMss);
  EXPECT_EQ(c.concluded(), only({{Cause::congestion_window, ms(25)}}));
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
  EXPECT_EQ(c.concluded(), only({{Cause::loss_recovery, us(253'900)}, {Cause::network, us(100)}}));
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
  EXPECT_EQ(c.concluded(), only({{Cause::loss_recovery, ms(12)}}));
}

TEST(Ledger, leaves_a_full_segment_that_waits_without_a_reason_unattributed) {
  Conversation c;
  c.wrote(10 * kMss).after(ms(3)).sent(10 * kMss);
  EXPECT_EQ(c.concluded(), only({{Cause::unattributed, ms(3)}}));
  EXPECT_EQ(c.lost(), ms(0));
}

// --- what is pending ---

TEST(Ledger, what_is_pending_is_lost_when_the_connection_ends) {
  auto c = held_by_nagle();
  c.after(ms(41)).acked(40).sent(60);
  EXPECT_EQ(c.ledger().pending(), ms(41));
  EXPECT_EQ(c.ledger().account().budget.lost(), ms(0));
  c.after(ms(3)).closed();
  EXPECT_EQ(c.ledger().pending(), ms(0));
  EXPECT_EQ(c.ledger().account().budget[Cause::nagle_delayed_ack], ms(41));
}

TEST(Ledger, what_is_pending_is_lost_when_the_peer_answers) {
  auto c = held_by_nagle();
  c.after(ms(41)).acked(40).sent(60).after(us(100)).received(5);
  EXPECT_EQ(c.ledger().pending(), ms(0));
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::nagle_delayed_ack, ms(41)}, {Cause::network, us(100)}}));
}

TEST(Ledger, what_is_pending_was_the_applications_work_when_it_goes_on_with_its_message) {
  auto c = held_by_nagle();
  c.after(ms(41)).acked(40).sent(60).wrote(7);
  EXPECT_EQ(c.ledger().pending(), ms(0));
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::local_think, ms(41)}}));
}

// --- segments sent again ---

TEST(Ledger, T1_a_probe_that_the_peer_reports_as_a_duplicate_was_no_loss) {
  Conversation c;
  c.option([](SenderState& s) { s.nodelay = true; }).wrote_and_sent(100).wrote_and_sent(100);
  c.after(ms(20)).acked_on_data(100).received(50).after(ms(10)).retransmitted().after(us(100)).reported(1).acked(100);
  c.after(us(9'900)).received(50).closed();
  EXPECT_EQ(c.ledger().account().budget, only({{Cause::network, us(200)}, {Cause::peer_think, us(39'800)}}));
  EXPECT_EQ(c.ledger().account().spurious_probes, 1U);
}

TEST(Ledger, a_probe_that_is_answered_sooner_than_a_round_trip_was_no_loss) {
  Conversation c(Role::requester, quiet_path(ms(10)));
  c.wrote_and_sent(100).after(ms(30)).retransmitted().after(ms(9)).received(50).closed();
  EXPECT_EQ(c.lost(), ms(0));
  EXPECT_EQ(c.ledger().account().spurious_probes, 1U);
}

TEST(Ledger, of_two_segments_sent_again_both_must_be_reported_to_have_been_no_loss) {
  Conversation c;
  c.wrote_and_sent(100).after(ms(200)).retransmitted().after(ms(400)).retransmitted().reported(1).after(ms(1)).received(50);
  EXPECT_EQ(c.charged(Cause::loss_recovery), ms(600));
  EXPECT_EQ(c.ledger().account().spurious_probes, 0U);
}

TEST(Ledger, T2_a_fin_that_is_sent_again_after_the_last_answer_costs_nobody_anything) {
  Conversation c;
  for (int i = 0; i < 15; ++i) c.wrote_and_sent(60).after(us(100)).received(8192);
  c.finished().after(ms(207)).retransmitted_fin().after(us(60)).closed();
  EXPECT_EQ(c.lost(), ms(0));
  EXPECT_EQ(c.charged(Cause::idle), us(207'060));
}

TEST(Ledger, a_goodbye_that_is_sent_again_costs_nobody_anything) {
  Conversation c;
  c.wrote_and_sent(60).after(us(100)).received(100).after(ms(1)).wrote_and_sent(5).finished();
  c.after(ms(8)).retransmitted().after(ms(2)).closed();
  EXPECT_EQ(c.lost(), ms(0));
}

TEST(Ledger, a_request_behind_which_one_end_closed_and_which_is_sent_again_before_its_answer_was_lost) {
  Conversation c;
  c.wrote_and_sent(60).finished().after(ms(204)).retransmitted().after(ms(1)).received(100).closed();
  EXPECT_EQ(c.charged(Cause::loss_recovery), ms(204));
}

// --- full buffers ---

TEST(Ledger, B1_a_full_buffer_behind_a_slow_reader_is_the_readers) {
  Conversation c(Role::responder, quiet_path(us(50)));
  c.option([](SenderState& s) { s.nodelay = s.buffer_fixed = true; }).received(10).wrote_and_sent(32'000);
  c.sampled([](SenderState& s) { s.writer_blocked = true; });
  for (int i = 0; i < 20; ++i) c.after(ms(5)).acked(16'000).wrote_on(16'000).sent(16'000);
  c.sampled([](SenderState& s) { s.writer_blocked = false; }).closed();
  EXPECT_GE(c.charged(Cause::receive_window), us(98'000));
  EXPECT_EQ(c.charged(Cause::receive_window) + c.charged(Cause::send_buffer), ms(100));
  EXPECT_EQ(c.ledger().account().writes, 1U);
}

TEST(Ledger, a_small_buffer_on_a_long_path_is_the_buffers) {
  Conversation c(Role::responder, quiet_path(ms(100)));
  c.option([](SenderState& s) { s.nodelay = s.buffer_fixed = true; }).received(10).wrote_and_sent(32'000);
  c.sampled([](SenderState& s) { s.writer_blocked = true; });
  for (int i = 0; i < 20; ++i) c.after(ms(101)).acked(16'000).wrote_on(16'000).sent(16'000);
  c.sampled([](SenderState& s) { s.writer_blocked = false; }).closed();
  EXPECT_EQ(c.charged(Cause::send_buffer), ms(20 * 101));
  EXPECT_EQ(c.lost(), ms(20 * 101));
}

// --- messages that overlap ---

// Eight threads on one connection: each 400 us one request of 40 bytes is in flight and seven are held.
TEST(Ledger, F17_of_messages_that_overlap_the_share_of_the_outstanding_bytes_is_lost) {
  Conversation c(Role::requester, quiet_path(us(400)));
  c.wrote_and_sent(40);
  for (int i = 0; i < 7; ++i) c.wrote(40);
  c.after(us(400)).acked_on_data(40).received(5).sent(280);
  EXPECT_EQ(c.concluded(), only({{Cause::nagle_round_trip, us(350)}, {Cause::network, us(50)}}));
  c.wrote(40).after(us(400)).acked_on_data(280).received(35).sent(40);
  EXPECT_EQ(c.charged(Cause::nagle_round_trip), us(350 + 50));
  EXPECT_EQ(c.charged(Cause::network), us(50 + 350));
}

TEST(Ledger, the_share_that_was_held_is_that_before_an_ack_and_not_after) {
  Conversation c(Role::requester, quiet_path(ms(10)));
  c.wrote_and_sent(40).wrote(80).after(ms(4)).acked(20).after(ms(4)).received(5).acked_on_data(20);
  // 80 of 120 bytes for 4 ms, then 80 of 100.
  EXPECT_EQ(c.charged(Cause::nagle_round_trip), us(2'666 + 3'200));
}

// --- late writes ---

TEST(Ledger, counts_how_late_each_write_left_whatever_of_it_was_lost) {
  auto c = held_by_nagle();
  c.after(ms(10)).wrote(60).after(ms(10)).wrote(60).after(ms(21)).acked(40).sent(180);
  EXPECT_EQ(c.late(Cause::nagle_delayed_ack), (Late{ms(41 + 31 + 21), 3, ms(41)}));
  EXPECT_EQ(c.charged(Cause::nagle_delayed_ack), ms(21));
}

TEST(Ledger, counts_all_of_more_than_sixteen_late_writes) {
  Conversation c;
  c.wrote_and_sent(40);
  for (int i = 0; i < 30; ++i) c.wrote(10);
  c.after(ms(41)).acked(40).sent(300);
  EXPECT_EQ(c.late(Cause::nagle_delayed_ack), (Late{ms(41 * 30), 30, ms(41)}));
}

TEST(Ledger, a_blocked_write_that_goes_on_is_one_late_write_from_its_begin_to_its_last_byte) {
  Conversation c(Role::responder, quiet_path(ms(10)));
  c.received(5).wrote(30 * kMss).sent(10 * kMss).sampled([](SenderState& s) { s.writer_blocked = s.window_limited = true; });
  c.after(ms(5)).wrote_on(10 * kMss).sent(10 * kMss).after(ms(5)).sent(20 * kMss);
  EXPECT_EQ(c.ledger().account().writes, 1U);
  EXPECT_EQ(c.late(Cause::receive_window), (Late{ms(10), 1, ms(10)}));
}

// --- nothing held: whose turn it was ---

TEST(Ledger, charges_a_request_to_the_wire_for_a_round_trip_and_then_to_the_peers_thinking) {
  Conversation c;
  c.wrote_and_sent(40).after(ms(5)).received(10);
  EXPECT_EQ(c.concluded(), only({{Cause::network, us(100)}, {Cause::peer_think, us(4'900)}}));
}

TEST(Ledger, charges_an_answer_that_took_a_round_trip_to_the_wire_alone) {
  Conversation c(Role::requester, quiet_path(ms(20)));
  c.wrote_and_sent(40).after(ms(20)).received(10);
  EXPECT_EQ(c.concluded(), only({{Cause::network, ms(20)}}));
}

TEST(Ledger, charges_the_time_between_a_read_request_and_its_answer_to_local_thinking) {
  Conversation c(Role::responder);
  c.received(40).after(ms(1)).read(40).after(ms(7)).wrote_and_sent(10);
  EXPECT_EQ(c.concluded(), only({{Cause::read_lag, ms(1)}, {Cause::local_think, ms(7)}}));
}

TEST(Ledger, does_not_charge_the_way_of_a_fin_which_carries_no_answer) {
  Conversation c;
  c.wrote_and_sent(40).after(us(100)).received(10).after(ms(5)).sent(1).after(ms(1)).closed();
  EXPECT_EQ(c.concluded(), only({{Cause::network, us(100)}, {Cause::idle, ms(6)}}));
}

TEST(Ledger, charges_the_time_between_exchanges_to_nobody) {
  Conversation c;
  c.wrote_and_sent(40).after(us(100)).received(10).after(ms(500)).wrote_and_sent(40);
  EXPECT_EQ(c.concluded(), only({{Cause::network, us(100)}, {Cause::idle, ms(500)}}));
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
  EXPECT_EQ(c.concluded(), only({{Cause::network, us(100)}, {Cause::peer_think, think - us(100)}}));
}

TEST_P(ThinkTime, of_this_end_is_not_a_stall) {
  const core::Micros think = ms(GetParam());
  Conversation c(Role::responder);
  c.received(40).read(40).after(think).wrote_and_sent(10);
  EXPECT_EQ(c.concluded(), only({{Cause::local_think, think}}));
}

TEST_P(ThinkTime, behind_a_hold_is_not_lost_with_it) {
  const core::Micros think = ms(GetParam());
  auto c = held_by_nagle();
  if (think >= ms(40)) {
    c.after(ms(40)).acked(40).sent(60).after(think).received(10);
    EXPECT_EQ(c.concluded(),
              only({{Cause::nagle_delayed_ack, ms(40)}, {Cause::network, us(100)}, {Cause::peer_think, think - us(100)}}));
  } else {
    c.after(think).acked_on_data(40).received(10).sent(60);
    EXPECT_EQ(c.concluded(),
              only({{Cause::nagle_round_trip, us(1'100)}, {Cause::network, us(100)}, {Cause::peer_think, think - us(1'200)}}));
  }
}

INSTANTIATE_TEST_SUITE_P(Milliseconds, ThinkTime, testing::Values(30, 40, 60), testing::PrintToStringParamName());

// --- what sources get wrong ---

TEST(Ledger, a_clock_that_steps_back_loses_no_time_and_counts_none_twice) {
  Conversation c;
  c.wrote_and_sent(40).after(ms(5)).received(10);
  c.after(ms(-3)).wrote_and_sent(40).after(ms(3)).received(10);
  EXPECT_EQ(c.concluded().total(), ms(5));
  EXPECT_EQ(c.ledger().charged_until(), kStart + ms(5));
}

TEST(Ledger, more_sent_than_written_and_more_acknowledged_than_sent_is_clamped) {
  Conversation c;
  c.sent(1000).acked(4'000'000'000U).wrote(60).after(ms(1)).sent(60);
  EXPECT_EQ(c.concluded(), only({{Cause::unattributed, ms(1)}}));  // nothing was in flight
  c.wrote(60).after(ms(41)).acked(60).sent(60);                    // and now 60 bytes are
  EXPECT_EQ(c.concluded(), only({{Cause::unattributed, ms(1)}, {Cause::nagle_delayed_ack, ms(41)}}));
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
  const Budget at_close = c.concluded();
  c.after(ms(9)).wrote_and_sent(40).after(ms(9)).received(10).retransmitted().closed();
  EXPECT_EQ(c.concluded(), at_close);
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
