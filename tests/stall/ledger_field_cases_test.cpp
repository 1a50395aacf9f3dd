// Patterns that people met, played on the model of two TCP ends: who is accused, of what, and for how long.

#include <gtest/gtest.h>

#include "conversation.hpp"
#include "tcp_model.hpp"

namespace uncork::stall {
namespace {

using core::Micros;
using Kind = Step::Kind;

constexpr int kExchanges = 15;
constexpr Micros kOneWay{20};
constexpr Micros kAckDelay{40'000};
constexpr Micros kDelayedAck = kAckDelay + 2 * kOneWay;  ///< as the sender sees it

Step w(std::uint32_t bytes) { return {Kind::write, bytes}; }
Step w_more(std::uint32_t bytes) { return {Kind::write, bytes, 0, Micros(0), true}; }
Step r(std::uint32_t bytes) { return {Kind::read, bytes}; }
Step s(std::int64_t millis) { return {Kind::sleep, 0, 0, ms(millis)}; }
Step option(Kind kind) { return {kind}; }

Script repeated(const Script& exchange, const Script& before = {}) {
  Script script = before;
  for (int i = 0; i < kExchanges; ++i) script.insert(script.end(), exchange.begin(), exchange.end());
  return script;
}

/// A case after it was played: one client, one server, the same exchange 15 times.
class Case {
 public:
  Case(const Script& client, const Script& server, Micros ack_delay = kAckDelay)
      : script_{{client}, {server}, kOneWay, ack_delay}, played_(play(script_, Holds::as_written)) {
    EXPECT_EQ(played_.lost(), played_.wall - play(script_, Holds::none).wall) << testing::PrintToString(script_);
  }

  [[nodiscard]] Account client() const { return played_.ends[0].account(); }
  [[nodiscard]] Account server() const { return played_.ends[1].account(); }
  [[nodiscard]] const Played& played() const { return played_; }

 private:
  Play script_;
  Played played_;
};

void expect_lost(const Account& account, Cause cause, Micros an_exchange, int exchanges = kExchanges) {
  EXPECT_EQ(account.budget[cause], an_exchange * exchanges);
  EXPECT_EQ(account.budget.lost(), an_exchange * exchanges);
}

void expect_innocent(const Account& account) { EXPECT_EQ(account.budget.lost(), Micros(0)); }

TEST(FieldCase, F02_a_header_and_then_four_bytes_cost_the_server_a_delayed_ack) {
  const Case c(repeated({w(60), r(83)}), repeated({r(60), w(79), w(4)}));
  expect_lost(c.server(), Cause::nagle_delayed_ack, kDelayedAck);
  expect_innocent(c.client());
}

TEST(FieldCase, F03_a_header_and_then_a_body_cost_the_client_a_delayed_ack) {
  const Case c(repeated({w(90), w(20), r(50)}), repeated({r(110), w(50)}));
  expect_lost(c.client(), Cause::nagle_delayed_ack, kDelayedAck);
  expect_innocent(c.server());
}

TEST(FieldCase, F08_both_ends_pay_for_their_own_writes) {
  const Case c(repeated({w(90), w(20), r(83)}), repeated({r(110), w(79), w(4)}));
  expect_lost(c.client(), Cause::nagle_delayed_ack, kDelayedAck);
  expect_lost(c.server(), Cause::nagle_delayed_ack, kDelayedAck);
}

TEST(FieldCase, F09_bytes_that_nobody_answers_hold_the_next_request_and_are_no_exchange_of_their_own) {
  const Case c(repeated({w(40), r(30), w(16)}), repeated({r(40), w(30), r(16)}));
  expect_lost(c.client(), Cause::nagle_delayed_ack, kDelayedAck, kExchanges - 1);
  EXPECT_EQ(c.client().exchanges, kExchanges + 1U);  // the last 16 bytes begin one that never came
  expect_innocent(c.server());
}

TEST(FieldCase, F15_of_a_hold_behind_work_only_what_follows_the_work_is_lost) {
  const Case c(repeated({w(60), r(60)}), repeated({r(60), w(30), s(10), w(30)}));
  expect_lost(c.server(), Cause::nagle_delayed_ack, kDelayedAck - ms(10));
  EXPECT_EQ(c.server().budget[Cause::local_think], ms(10) * kExchanges - 2 * kOneWay * kExchanges)
      << "but for the way of the first piece";
  expect_innocent(c.client());
}

TEST(FieldCase, F15b_work_longer_than_the_delayed_ack_leaves_nothing_held) {
  const Case c(repeated({w(60), r(60)}), repeated({r(60), w(30), s(60), w(30)}));
  expect_innocent(c.server());
  expect_innocent(c.client());
  EXPECT_EQ(c.server().late(), Late());
}

TEST(FieldCase, F15c_a_hold_that_was_over_before_the_work_made_one_write_late_and_lost_nothing) {
  const Case c(repeated({w(60), r(90)}), repeated({r(60), w(30), w(30), s(200), w(30)}));
  expect_innocent(c.server());
  expect_innocent(c.client());
  EXPECT_EQ(c.server().late(Cause::nagle_delayed_ack), (Late{kDelayedAck * kExchanges, kExchanges, kDelayedAck}));
}

TEST(FieldCase, F15d_of_five_writes_ten_milliseconds_apart_each_is_late_and_what_follows_the_last_is_lost) {
  const Case c(repeated({w(60), r(150)}), repeated({r(60), w(30), s(10), w(30), s(10), w(30), s(10), w(30), s(10), w(30)}),
               Micros(44'000));
  const Micros ack = Micros(44'000) + 2 * kOneWay;
  expect_lost(c.server(), Cause::nagle_delayed_ack, ack - ms(40));
  EXPECT_EQ(c.server().late(), (Late{(4 * ack - ms(10 + 20 + 30 + 40)) * kExchanges, 4 * kExchanges, ack - ms(10)}));
  expect_innocent(c.client());
}

TEST(FieldCase, K1_a_cork_that_the_application_clears_was_its_own_work) {
  const Case c(repeated({w(60), r(400)}),
               repeated({r(60), option(Kind::cork), w(100), s(2), w(100), s(2), w(100), s(2), w(100), option(Kind::uncork)}));
  expect_innocent(c.server());
  expect_innocent(c.client());
  EXPECT_EQ(c.server().budget[Cause::local_think], ms(6) * kExchanges);
}

TEST(FieldCase, C02_msg_more_on_the_last_bytes_costs_the_server_the_200_ms_timer_though_nodelay_is_set) {
  const Case c(repeated({w(60), r(50)}, {option(Kind::nodelay)}), repeated({r(60), w_more(50)}, {option(Kind::nodelay)}));
  expect_lost(c.server(), Cause::cork, ms(200));
  EXPECT_EQ(c.server().late(Cause::cork), (Late{ms(200) * kExchanges, kExchanges, ms(200)}));
  expect_innocent(c.client());
}

TEST(FieldCase, D05_thinking_as_long_as_a_delayed_ack_accuses_nobody) {
  for (const int think : {30, 40, 44, 60, 200}) {
    const Case c(repeated({w(60), r(83)}), repeated({r(60), s(think), w(83)}));
    expect_innocent(c.server());
    expect_innocent(c.client());
    EXPECT_EQ(c.server().budget[Cause::local_think], ms(think) * kExchanges);
    EXPECT_EQ(c.client().budget[Cause::peer_think], ms(think) * kExchanges);
  }
}

TEST(FieldCase, F18_on_a_long_path_two_writes_cost_a_round_trip_or_the_delayed_ack) {
  Play script{{repeated({w(90), w(20), r(50)})}, {repeated({r(110), w(50)})}, ms(50), kAckDelay};
  const Played delayed = play(script, Holds::as_written);
  expect_lost(delayed.ends[0].account(), Cause::nagle_delayed_ack, ms(140));
  script.ack_delay = Micros(0);
  const Played prompt = play(script, Holds::as_written);
  expect_lost(prompt.ends[0].account(), Cause::nagle_round_trip, ms(100));
}

}  // namespace
}  // namespace uncork::stall
