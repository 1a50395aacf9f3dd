// How a stream of events is cut into exchanges, and what each of them costs.

#include <gtest/gtest.h>

#include <vector>

#include "conversation.hpp"

namespace uncork::stall {
namespace {

/// The exchanges finished so far, and that they keep the promises of every exchange.
std::vector<Exchange> finished(Conversation& c) {
  auto exchanges = c.ledger().take_exchanges();
  core::Time end = kStart;
  for (const Exchange& exchange : exchanges) {
    EXPECT_EQ(exchange.budget.total(), exchange.wall()) << c.steps();
    EXPECT_EQ(exchange.budget[Cause::idle], ms(0)) << c.steps();
    EXPECT_GE(exchange.begin, end) << c.steps();
    end = exchange.end;
  }
  return exchanges;
}

TEST(Exchanges, of_a_requester_begin_with_its_first_write_after_an_answer) {
  Conversation c(Role::requester);
  c.after(ms(3)).wrote_and_sent(40).after(ms(1)).received(10).after(ms(1)).received(10);
  c.after(ms(10)).wrote_and_sent(40).after(ms(4)).received(10).after(ms(50)).closed();
  const auto exchanges = finished(c);
  ASSERT_EQ(exchanges.size(), 2U);
  EXPECT_EQ(exchanges[0].begin, kStart + ms(3));
  EXPECT_EQ(exchanges[0].end, kStart + ms(5));
  EXPECT_EQ(exchanges[1].begin, kStart + ms(15));
  EXPECT_EQ(exchanges[1].end, kStart + ms(19));
  EXPECT_EQ(exchanges[1].budget, budget_of({{Cause::network, us(100)}, {Cause::peer_think, us(3'900)}}));
  EXPECT_EQ(c.charged(Cause::idle), ms(3 + 10 + 50));
}

TEST(Exchanges, of_a_responder_begin_with_the_first_bytes_after_its_answer) {
  Conversation c(Role::responder);
  c.received(40).after(ms(2)).wrote_and_sent(10);
  c.after(ms(10)).received(40).after(ms(5)).wrote_and_sent(10).after(ms(8)).closed();
  const auto exchanges = finished(c);
  ASSERT_EQ(exchanges.size(), 2U);
  // The answer's way to the requester is a part of its exchange.
  EXPECT_EQ(exchanges[0].budget, budget_of({{Cause::local_think, ms(2)}, {Cause::network, us(100)}}));
  EXPECT_EQ(exchanges[1].begin, kStart + ms(12));
  EXPECT_EQ(exchanges[1].budget, budget_of({{Cause::local_think, ms(5)}, {Cause::network, us(100)}}));
}

TEST(Exchanges, take_several_writes_and_several_answers_each) {
  Conversation c(Role::requester);
  c.wrote_and_sent(40).after(ms(1)).wrote_and_sent(40).after(ms(1)).received(10).after(ms(300)).received(10);
  c.after(ms(1)).wrote_and_sent(40);
  const auto exchanges = finished(c);
  ASSERT_EQ(exchanges.size(), 1U);
  EXPECT_EQ(exchanges[0].wall(), ms(302));
}

TEST(Exchanges, learn_who_asks_from_who_speaks_first) {
  Conversation asks(Role::unknown);
  asks.wrote_and_sent(40).after(ms(2)).received(10).after(ms(10)).wrote_and_sent(40);
  EXPECT_EQ(finished(asks).size(), 1U);
  EXPECT_EQ(asks.charged(Cause::peer_think), us(1'900));

  Conversation answers(Role::unknown);
  answers.received(40).read(40).after(ms(2)).wrote_and_sent(10).after(ms(10)).received(40);
  EXPECT_EQ(finished(answers).size(), 1U);
  EXPECT_EQ(answers.charged(Cause::local_think), ms(2));
}

TEST(Exchanges, count_a_greeting_of_the_server_as_one_of_their_own) {
  Conversation server(Role::responder);
  server.after(ms(1)).wrote_and_sent(20).after(ms(5)).received(40).after(ms(2)).wrote_and_sent(10).closed();
  const auto exchanges = finished(server);
  ASSERT_EQ(exchanges.size(), 2U);
  EXPECT_EQ(exchanges[0].budget, budget_of({{Cause::network, us(100)}}));
  EXPECT_EQ(exchanges[1].budget, budget_of({{Cause::local_think, ms(2)}}));

  Conversation client(Role::requester);
  client.after(ms(1)).received(20).after(ms(5)).wrote_and_sent(40).after(ms(2)).received(10).closed();
  EXPECT_EQ(finished(client).size(), 2U);
  EXPECT_EQ(client.charged(Cause::idle), ms(6));
}

TEST(Exchanges, begin_again_when_a_pipelining_requester_writes_between_two_answers) {
  Conversation c(Role::requester);
  c.wrote_and_sent(40).wrote_and_sent(40);  // two requests, one exchange
  c.after(ms(1)).received(10);              // the first answer
  c.after(ms(1)).wrote_and_sent(40);        // the third request
  c.after(ms(1)).received(10).received(10).closed();
  EXPECT_EQ(finished(c).size(), 2U);
}

TEST(Exchanges, a_push_after_more_than_a_second_is_one_of_its_own_and_the_pause_is_idle) {
  Conversation c(Role::requester);
  c.wrote_and_sent(40).after(ms(1)).received(10).after(us(1'000'001)).received(10).closed();
  const auto exchanges = finished(c);
  ASSERT_EQ(exchanges.size(), 2U);
  EXPECT_EQ(exchanges[1].wall(), ms(0));
  EXPECT_EQ(c.charged(Cause::idle), us(1'000'001));
}

TEST(Exchanges, a_pause_of_a_second_within_an_answer_is_the_peers_thinking) {
  Conversation c(Role::requester);
  c.wrote_and_sent(40).after(ms(1)).received(10).after(us(1'000'000)).received(10).closed();
  EXPECT_EQ(finished(c).size(), 1U);
  EXPECT_EQ(c.charged(Cause::idle), ms(0));
}

TEST(Exchanges, a_server_that_pushes_after_more_than_a_second_was_idle_not_thinking) {
  Conversation c(Role::responder);
  c.received(40).wrote_and_sent(10).after(ms(1'500)).wrote_and_sent(10).closed();
  EXPECT_EQ(finished(c).size(), 2U);
  EXPECT_EQ(c.ledger().account().budget, budget_of({{Cause::network, us(100)}, {Cause::idle, us(1'499'900)}}));
}

TEST(Exchanges, an_answer_held_for_more_than_a_second_is_not_a_push) {
  Conversation c(Role::responder);
  c.received(40).option([](SenderState& s) { s.corked = true; }).wrote(10).after(ms(1'500)).wrote_and_sent(5).closed();
  EXPECT_EQ(finished(c).size(), 1U);
  EXPECT_EQ(c.ledger().account().budget, budget_of({{Cause::local_think, ms(1'500)}}));
}

TEST(Exchanges, a_slow_answer_is_thinking_however_long_it_takes) {
  Conversation c(Role::requester);
  c.wrote_and_sent(40).after(ms(5'000)).received(10).closed();
  EXPECT_EQ(finished(c).size(), 1U);
  EXPECT_EQ(c.charged(Cause::peer_think), us(4'999'900));
}

// Both messages overlap with others, so of each part only the held share is lost: 60 of 100 bytes, then 80 of 120. Of either no
// more than the round trip and a quarter of a tick.
TEST(Exchanges, split_a_hold_that_straddles_their_boundary) {
  Conversation c(Role::requester);
  c.wrote_and_sent(40).wrote(60);   // held
  c.after(us(1'000)).received(10);  // an early answer, which acknowledges nothing
  c.after(us(500)).wrote(20);       // the next request joins the held bytes
  c.after(us(1'200)).acked(40).sent(80).after(us(100)).received(10).closed();
  const auto exchanges = finished(c);
  ASSERT_EQ(exchanges.size(), 2U);
  EXPECT_EQ(exchanges[0].budget,
            budget_of({{Cause::nagle_round_trip, us(900)}, {Cause::network, us(100)}, {Cause::peer_think, us(500)}}));
  EXPECT_EQ(exchanges[1].budget,
            budget_of({{Cause::nagle_round_trip, us(800)}, {Cause::network, us(200)}, {Cause::peer_think, us(300)}}));
  EXPECT_EQ(c.ledger().account().holds, 2U);
}

TEST(Exchanges, that_nobody_answered_end_with_the_last_thing_that_happened_to_their_bytes) {
  Conversation c(Role::requester);
  c.wrote_and_sent(40).wrote(60).after(ms(41)).acked(40).sent(60).after(ms(700)).closed();
  const auto exchanges = finished(c);
  ASSERT_EQ(exchanges.size(), 1U);
  EXPECT_EQ(exchanges[0].budget, budget_of({{Cause::nagle_delayed_ack, ms(41)}, {Cause::network, us(100)}}));
  EXPECT_EQ(c.charged(Cause::idle), us(699'900));
}

TEST(Exchanges, that_this_end_never_answered_end_with_the_request) {
  Conversation c(Role::responder);
  c.received(40).after(ms(2)).read(40).after(ms(700)).closed();
  const auto exchanges = finished(c);
  ASSERT_EQ(exchanges.size(), 1U);
  EXPECT_EQ(exchanges[0].budget, budget_of({{Cause::read_lag, ms(2)}}));
}

TEST(Exchanges, that_were_half_closed_by_a_fin_sent_again_wait_for_their_answer_all_the_same) {
  Conversation c(Role::requester);
  c.wrote_and_sent(40).after(us(100)).finished().acked(40);
  c.after(ms(204)).retransmitted_fin().after(ms(20)).received(10).after(ms(3)).closed();
  const auto exchanges = finished(c);
  ASSERT_EQ(exchanges.size(), 1U);
  EXPECT_EQ(exchanges[0].budget, budget_of({{Cause::network, us(100)}, {Cause::peer_think, ms(224)}}));
}

TEST(Exchanges, are_handed_over_once_and_the_running_one_not_yet) {
  Conversation c(Role::requester);
  c.wrote_and_sent(40).after(ms(1)).received(10);
  EXPECT_TRUE(c.ledger().take_exchanges().empty());
  c.wrote_and_sent(40);
  EXPECT_EQ(c.ledger().take_exchanges().size(), 1U);
  EXPECT_TRUE(c.ledger().take_exchanges().empty());
  EXPECT_EQ(c.ledger().account().exchanges, 2U);
}

TEST(Exchanges, a_connection_that_carried_nothing_has_none) {
  Conversation c(Role::requester);
  c.after(ms(9)).closed();
  EXPECT_TRUE(c.ledger().take_exchanges().empty());
  EXPECT_EQ(c.ledger().account().budget, budget_of({{Cause::idle, ms(9)}}));
}

TEST(Exchanges, with_a_stall_in_each_add_up_to_the_connections_account) {
  Conversation c(Role::responder);
  Budget sum;
  for (int i = 0; i < 5; ++i) {
    c.received(40).after(ms(1)).wrote_and_sent(30).wrote(30).after(ms(41)).acked(30).sent(30).after(ms(20));
  }
  c.closed();
  const auto exchanges = finished(c);
  ASSERT_EQ(exchanges.size(), 5U);
  for (const Exchange& exchange : exchanges) sum += exchange.budget;
  sum[Cause::idle] = c.charged(Cause::idle);
  EXPECT_EQ(sum, c.ledger().account().budget);
  EXPECT_EQ(c.charged(Cause::nagle_delayed_ack), ms(5 * 41));
  EXPECT_EQ(c.ledger().account().writes_per_exchange(), 2.0);
}

}  // namespace
}  // namespace uncork::stall
