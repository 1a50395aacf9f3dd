#include "stall/sampled_ledger.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <functional>
#include <optional>

namespace uncork::stall {
namespace {

using core::Micros;
using core::Time;
using std::chrono::milliseconds;

constexpr Micros kEvery = milliseconds(5);

/// A connection end that a test describes step by step; each step ends with a sample.
class End {
 public:
  explicit End(Role role = Role::requester) : ledger_(role) {
    now_.at = Time(std::chrono::seconds(1000));
    now_.mss_bytes = 1448;
    now_.cwnd_segments = 10;
    now_.window_bytes = 65536;
    now_.rtt = now_.min_rtt = Micros(100);
    now_.since_sent = now_.since_received = std::chrono::seconds(10);
    ledger_.feed(now_);
  }

  Sample& state() { return now_; }
  void step(Micros took = kEvery) {
    now_.at += took;
    now_.since_sent += took;
    now_.since_received += took;
    ledger_.feed(now_);
  }
  void steps(Micros took) {
    for (; took >= kEvery; took -= kEvery) step();
  }
  // What happens at the moment of the last sample; the next step shows it.
  void sends(std::uint64_t bytes) {
    now_.sent_bytes += bytes;
    now_.sent_segments += 1;
    now_.unacked_segments += 1;
    now_.in_flight_bytes += static_cast<std::uint32_t>(bytes);
    now_.since_sent = Micros(0);
  }
  void acked() { now_.unacked_segments = now_.in_flight_bytes = 0; }
  void receives(std::uint64_t bytes) {
    now_.received_bytes += bytes;
    now_.received_segments += 1;
    now_.since_received = Micros(0);
    acked();
  }
  void holds_back(std::uint32_t bytes) { now_.unsent_bytes = bytes; }
  void lets_go() {
    const std::uint32_t bytes = now_.unsent_bytes;
    now_.unsent_bytes = 0;
    acked();
    sends(bytes);
  }

  [[nodiscard]] Account account() const { return ledger_.account(); }
  [[nodiscard]] Micros charged(Cause cause) const { return account().budget[cause]; }

 private:
  Sample now_;
  SampledLedger ledger_;
};

TEST(SampledLedger, charges_a_nagle_hold_as_long_as_the_timer_to_the_delayed_ack) {
  End end;
  end.sends(200);
  end.holds_back(100);
  end.steps(milliseconds(40));
  end.lets_go();
  end.step();
  EXPECT_EQ(end.charged(Cause::nagle_delayed_ack), milliseconds(40));
  EXPECT_EQ(end.account().holds, 1U);
}

TEST(SampledLedger, charges_a_running_hold_too) {
  End end;
  end.sends(200);
  end.holds_back(100);
  end.steps(milliseconds(20));
  EXPECT_EQ(end.charged(Cause::nagle_round_trip), milliseconds(20)) << "so far it may be an honest round trip";
  end.steps(milliseconds(20));
  EXPECT_EQ(end.charged(Cause::nagle_delayed_ack), milliseconds(40));
}

TEST(SampledLedger, charges_a_hold_of_one_round_trip_to_the_round_trip) {
  End end;
  end.state().min_rtt = end.state().rtt = milliseconds(20);
  end.sends(200);
  end.holds_back(100);
  end.steps(milliseconds(20));
  end.lets_go();
  end.step();
  EXPECT_EQ(end.charged(Cause::nagle_round_trip), milliseconds(20));
  EXPECT_EQ(end.charged(Cause::nagle_delayed_ack), Micros(0));
}

TEST(SampledLedger, takes_the_smoothed_round_trip_as_evidence_for_delayed_acks) {
  End end;
  end.state().min_rtt = Micros(8);
  end.state().rtt = Micros(19400);
  end.state().rtt_variation = Micros(22000);
  end.sends(200);
  end.holds_back(100);
  end.step();  // seen once only
  end.lets_go();
  end.step();
  EXPECT_EQ(end.charged(Cause::nagle_delayed_ack), kEvery);
}

TEST(SampledLedger, does_not_blame_nagle_when_it_is_off) {
  End end;
  end.state().nodelay = true;
  end.sends(200);
  end.holds_back(100);
  end.steps(milliseconds(40));
  EXPECT_EQ(end.charged(Cause::nagle_delayed_ack) + end.charged(Cause::nagle_round_trip), Micros(0));
}

TEST(SampledLedger, does_not_blame_nagle_when_a_chronograph_shows_another_limit) {
  End end;
  end.sends(200);
  end.holds_back(100);
  for (int i = 0; i < 8; ++i) {
    end.state().window_limited += milliseconds(1);
    end.step();
  }
  EXPECT_EQ(end.charged(Cause::receive_window), milliseconds(8));
  EXPECT_EQ(end.charged(Cause::unattributed), milliseconds(32));
  EXPECT_EQ(end.account().holds, 0U);
}

TEST(SampledLedger, counts_one_hold_for_each_run) {
  End end;
  for (int i = 0; i < 3; ++i) {
    end.sends(200);
    end.holds_back(100);
    end.steps(milliseconds(40));
    end.lets_go();
    end.receives(1);
  }
  end.step();
  EXPECT_EQ(end.account().holds, 3U);
  EXPECT_EQ(end.account().exchanges, 3U);
  EXPECT_EQ(end.account().hold_log2[15], 3U) << "32768 to 65535 us";
  EXPECT_EQ(end.account().writes, 0U) << "not observable";
  EXPECT_EQ(end.account().wrote_bytes, 900U);
  EXPECT_EQ(end.account().received_bytes, 3U);
}

TEST(SampledLedger, charges_a_cork_from_first_sight_until_it_is_let_go) {
  End end;
  end.holds_back(100);
  end.steps(milliseconds(200));
  end.lets_go();
  end.step();
  EXPECT_EQ(end.charged(Cause::cork), milliseconds(200) - kEvery / 2)
      << "written in the middle of the first interval, for all we know";
}

TEST(SampledLedger, charges_a_closed_window_to_the_reader) {
  End end;
  end.state().window_bytes = 0;
  end.holds_back(10000);
  end.step();
  const Micros before = end.charged(Cause::receive_window);
  end.steps(milliseconds(100));
  EXPECT_EQ(end.charged(Cause::receive_window) - before, milliseconds(100));
}

TEST(SampledLedger, charges_what_the_chronographs_count) {
  End end;
  end.sends(1448);
  for (int i = 0; i < 20; ++i) {
    end.state().window_limited += milliseconds(2);
    end.state().buffer_limited += milliseconds(1);
    end.step();
  }
  EXPECT_EQ(end.charged(Cause::receive_window), milliseconds(40));
  EXPECT_EQ(end.charged(Cause::send_buffer), milliseconds(20));
}

TEST(SampledLedger, carries_a_tick_of_a_chronograph_into_the_next_interval) {
  End end;
  end.sends(1448);
  const int ticks[] = {4, 8, 4, 4, 4, 8, 4, 4};  // 40 ms seen through a tick of 4 ms every 5 ms
  for (const int tick : ticks) {
    end.state().window_limited += milliseconds(tick);
    end.step();
  }
  EXPECT_EQ(end.charged(Cause::receive_window), milliseconds(40));
}

TEST(SampledLedger, does_not_believe_a_chronograph_that_runs_faster_than_time) {
  End end;
  end.sends(1448);
  end.state().window_limited = std::chrono::hours(1);
  end.step();
  end.steps(milliseconds(100));
  EXPECT_LE(end.charged(Cause::receive_window), kEvery + milliseconds(10));
}

TEST(SampledLedger, charges_a_full_congestion_window) {
  End end;
  end.sends(1448);
  end.state().unacked_segments = 10;
  end.state().unsent_bytes = 100000;
  end.state().window_bytes = 1 << 20;
  end.steps(milliseconds(50));
  EXPECT_EQ(end.charged(Cause::congestion_window), milliseconds(50));
}

TEST(SampledLedger, charges_everything_since_the_lost_segment_to_its_recovery) {
  End end;
  end.sends(200);
  end.steps(milliseconds(200));
  end.state().retransmitted_segments += 1;
  end.step();
  EXPECT_EQ(end.charged(Cause::loss_recovery), milliseconds(205));
}

TEST(SampledLedger, charges_a_nagle_hold_behind_a_lost_segment_to_the_loss) {
  End end;
  end.sends(200);
  end.holds_back(100);
  end.steps(milliseconds(200));
  end.state().retransmitted_segments += 1;
  end.step();
  EXPECT_EQ(end.charged(Cause::loss_recovery), milliseconds(205));
  EXPECT_EQ(end.charged(Cause::nagle_delayed_ack), Micros(0));
}

TEST(SampledLedger, does_not_charge_an_interval_full_of_exchanges_to_one_segment_sent_again) {
  End end;
  for (int i = 0; i < 50; ++i) {
    end.sends(200);
    end.receives(50);
  }
  end.state().retransmitted_segments += 1;
  end.step();
  EXPECT_EQ(end.account().budget.lost(), Micros(0));
}

TEST(SampledLedger, shows_waiting_that_no_rule_explains) {
  End end;
  end.state().nodelay = true;
  end.sends(1448);
  end.holds_back(100);
  end.steps(milliseconds(20));
  EXPECT_EQ(end.charged(Cause::unattributed), milliseconds(20));
}

TEST(SampledLedger, charges_full_segments_that_wait_behind_others_in_flight_to_the_congestion_window) {
  End end;
  end.sends(1448);
  end.holds_back(5000);
  end.steps(milliseconds(20));
  EXPECT_EQ(end.charged(Cause::congestion_window), milliseconds(20));
}

TEST(SampledLedger, charges_the_wait_for_an_answer_to_the_peer_but_for_the_wire) {
  for (const int think : {30, 40, 60}) {
    End end;
    end.state().min_rtt = milliseconds(10);
    end.sends(200);
    end.steps(milliseconds(think));
    end.receives(50);
    end.step();
    EXPECT_EQ(end.charged(Cause::network), milliseconds(10));
    EXPECT_EQ(end.charged(Cause::peer_think), milliseconds(think - 10));
    EXPECT_EQ(end.account().budget.lost(), Micros(0));
  }
}

TEST(SampledLedger, charges_the_wait_for_our_answer_to_us) {
  End end(Role::responder);
  end.receives(200);
  end.steps(milliseconds(60));
  end.sends(50);
  end.step();
  EXPECT_EQ(end.charged(Cause::local_think), milliseconds(60));
}

TEST(SampledLedger, charges_the_time_between_exchanges_to_nobody) {
  for (const Role role : {Role::requester, Role::responder, Role::unknown}) {
    End end(role);
    end.steps(milliseconds(100));  // before the first
    for (int i = 0; i < 2; ++i) {
      role == Role::responder ? end.receives(200) : end.sends(200);
      end.steps(milliseconds(20));
      role == Role::responder ? end.sends(50) : end.receives(50);
      end.acked();
      end.steps(milliseconds(300));
    }
    EXPECT_NEAR(core::to_ms(end.charged(Cause::idle)), 700, 1);
    EXPECT_EQ(end.account().exchanges, 2U);
    EXPECT_EQ(end.account().budget.lost(), Micros(0));
  }
}

TEST(SampledLedger, counts_exchanges_too_fast_to_be_seen_as_thinking_not_as_idleness) {
  End asks(Role::requester);
  End answers(Role::responder);
  for (int i = 0; i < 20; ++i) {
    for (End* end : {&asks, &answers}) {
      for (int j = 0; j < 50; ++j) {
        end->sends(200);
        end->receives(50);
      }
      end->step(Micros(0));
      end->state().at += kEvery;
    }
  }
  EXPECT_GE(asks.account().budget.busy(), milliseconds(90));
  EXPECT_GE(asks.charged(Cause::peer_think), milliseconds(90));
  EXPECT_GE(answers.charged(Cause::local_think), milliseconds(90));
  EXPECT_EQ(asks.account().budget.lost(), Micros(0));
}

TEST(SampledLedger, takes_a_sample_from_the_past_as_taken_now) {
  End end;
  end.steps(milliseconds(50));
  end.step(-milliseconds(30));
  EXPECT_EQ(end.account().budget.total(), milliseconds(50));
}

TEST(SampledLedger, is_empty_before_its_second_sample) {
  EXPECT_EQ(SampledLedger().account().budget.total(), Micros(0));
  EXPECT_EQ(End().account().budget.total(), Micros(0));
}

template <typename T>
rc::Gen<T> counter() {
  return rc::gen::oneOf(rc::gen::inRange<T>(0, 5), rc::gen::inRange<T>(0, 3000), rc::gen::arbitrary<T>());
}

rc::Gen<Micros> span() {
  return rc::gen::map(rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 100000), rc::gen::arbitrary<std::int64_t>()),
                      [](std::int64_t us) { return Micros(us / 4); });
}

Sample any_sample() {
  Sample s;
  s.unacked_segments = *counter<std::uint32_t>();
  s.in_flight_bytes = *counter<std::uint32_t>();
  s.unsent_bytes = *counter<std::uint32_t>();
  s.mss_bytes = *counter<std::uint32_t>();
  s.cwnd_segments = *counter<std::uint32_t>();
  if (*rc::gen::arbitrary<bool>()) s.window_bytes = *counter<std::uint32_t>();
  s.recovering = *rc::gen::arbitrary<bool>();
  s.retransmitted_segments = *rc::gen::element(0U, 0U, 0U, 1U, 2U);
  s.rtt = *span();
  s.rtt_variation = *span();
  s.min_rtt = *span();
  s.since_sent = *span();
  s.since_received = *span();
  s.sent_bytes = *counter<std::uint64_t>();
  s.received_bytes = *counter<std::uint64_t>();
  s.sent_segments = *counter<std::uint32_t>();
  s.received_segments = *counter<std::uint32_t>();
  s.sent_acks = *counter<std::uint32_t>();
  s.received_acks = *counter<std::uint32_t>();
  s.window_limited = *span();
  s.buffer_limited = *span();
  s.nodelay = *rc::gen::element(std::optional<bool>(), std::optional(true), std::optional(false));
  return s;
}

// The invariant, for any row of samples, however nonsensical, after each of them.
TEST(SampledLedger, budgets_add_up_to_the_time_between_first_and_last_sample) {
  EXPECT_TRUE(rc::check([] {
    SampledLedger ledger(*rc::gen::element(Role::unknown, Role::requester, Role::responder));
    const Time first(std::chrono::hours(24));
    Time at = first;
    Time latest = first;
    const int samples = *rc::gen::inRange(1, 40);
    for (int i = 0; i < samples; ++i) {
      Sample sample = any_sample();
      sample.at = at;
      ledger.feed(sample);
      const Account account = ledger.account();
      RC_ASSERT(account.budget.total() == latest - first);
      for (const Cause cause : all_causes()) RC_ASSERT(account.budget[cause] >= Micros(0));
      at = latest + Micros(*rc::gen::inRange(-3000, 3000000));
      latest = std::max(at, latest);
    }
  }));
}

/// A requester and its peer in virtual time, seen as tcp_info shows it: times in ticks, and nothing between the samples.
struct Cycle {
  Micros first_hold;       ///< from the first write until the second leaves
  Micros think;            ///< from there until the answer
  Micros pause;            ///< from there until the next request
  bool quick_ack = false;  ///< the peer acknowledges at once; else the answer does

  [[nodiscard]] Micros length() const { return first_hold + think + pause; }

  [[nodiscard]] Sample at(Micros t, Micros tick) const {
    const auto n = static_cast<std::uint64_t>(t / length());
    const Micros begin = length() * static_cast<std::int64_t>(n);
    const Micros released = begin + first_hold;
    const Micros answered = released + think;
    const bool held = t < released;
    const bool waiting = !held && t < answered;
    const auto ticks_since = [&](Micros event) { return (t / tick - event / tick) * tick; };
    Sample s;
    s.at = Time(std::chrono::hours(1) + t);
    s.mss_bytes = 1448;
    s.cwnd_segments = 10;
    s.min_rtt = Micros(50);
    s.rtt = first_hold > Micros(0) ? Micros(19400) : Micros(60);  // as measured on a stalled connection
    s.rtt_variation = first_hold > Micros(0) ? Micros(22000) : Micros(30);
    s.unacked_segments = held || (waiting && !quick_ack) ? 1 : 0;
    const bool hold_acked = first_hold > Micros(0) && !held;
    s.received_acks = static_cast<std::uint32_t>((first_hold > Micros(0) ? n : 0) + (hold_acked ? 1 : 0) +
                                                 (quick_ack ? n + (held ? 0 : 1) : 0));
    s.unsent_bytes = held ? 100 : 0;
    s.sent_bytes = n * 300 + (held ? 200 : 300);
    s.sent_segments = static_cast<std::uint32_t>(n * 2 + (held ? 1 : 2));
    s.received_bytes = (held || waiting ? n : n + 1) * 50;
    s.received_segments = static_cast<std::uint32_t>(s.received_bytes / 50);
    s.since_sent = ticks_since(held ? begin : released);
    s.since_received = ticks_since(held || waiting ? begin - pause : answered);
    return s;
  }
};

Account sampled(const Cycle& cycle, Micros offset, Micros every, Micros tick) {
  SampledLedger ledger(Role::requester);
  for (Micros t = std::chrono::seconds(1) + offset; t < std::chrono::seconds(5); t += every) ledger.feed(cycle.at(t, tick));
  return ledger.account();
}

// The bands: when a hold ended is known to a tick only, and a tick of 10 ms is a quarter of this hold.
TEST(SampledLedger, finds_a_stalled_conversation_whatever_the_interval_and_the_tick) {
  EXPECT_TRUE(rc::check([] {
    const Cycle cycle{Micros(*rc::gen::inRange(39500, 44000)), Micros(*rc::gen::inRange(20, 500)),
                      Micros(*rc::gen::inRange(20, 500))};
    const Micros every(*rc::gen::inRange(1000, 12000));
    const Account account = sampled(cycle, Micros(*rc::gen::inRange(0, 50000)), every, milliseconds(*rc::gen::element(1, 4, 10)));
    const double share = core::to_ms(account.budget[Cause::nagle_delayed_ack]) / core::to_ms(account.budget.total());
    RC_LOG() << "share " << share;
    RC_ASSERT(share >= 0.85);
  }));
}

// The answer and the next request often fall into one tick: who spoke last must come from the state.
TEST(SampledLedger, never_takes_think_time_for_a_stall) {
  EXPECT_TRUE(rc::check([] {
    const Micros pause(*rc::gen::oneOf(rc::gen::inRange(20, 500), rc::gen::inRange(25000, 70000)));
    const Cycle cycle{Micros(0), Micros(*rc::gen::inRange(25000, 70000)), pause, *rc::gen::arbitrary<bool>()};
    const Micros every(*rc::gen::inRange(1000, 12000));
    const Account account = sampled(cycle, Micros(*rc::gen::inRange(0, 50000)), every, milliseconds(*rc::gen::element(1, 4)));
    RC_ASSERT(account.budget.lost() == Micros(0));
    const double share = core::to_ms(account.budget[Cause::peer_think]) / core::to_ms(account.budget.total());
    RC_LOG() << "share " << share << " expected " << core::to_ms(cycle.think) / core::to_ms(cycle.length());
    RC_ASSERT(std::abs(share - core::to_ms(cycle.think) / core::to_ms(cycle.length())) < 0.15);
  }));
}

/// One tick in which the end sends and receives, then 60 ms of nothing, then the end's next bytes.
Account after_a_tie(Role role, const std::function<void(End&)>& tie) {
  End end(role);
  tie(end);
  end.steps(milliseconds(60));
  role == Role::requester ? end.receives(50) : end.sends(50);
  end.step();
  return end.account();
}

TEST(SampledLedger, tells_from_acknowledgements_who_spoke_last_within_one_tick) {
  const auto we_did_and_wait = [](End& end) {
    end.receives(50);
    end.sends(200);
  };
  const auto we_did_and_were_acked = [](End& end) {
    end.receives(50);
    end.sends(200);
    end.state().received_acks += 1;
    end.acked();
  };
  const auto peer_did = [](End& end) {
    end.sends(200);
    end.receives(50);
  };
  EXPECT_EQ(after_a_tie(Role::requester, we_did_and_wait).budget[Cause::peer_think], milliseconds(60) - Micros(100));
  EXPECT_EQ(after_a_tie(Role::requester, we_did_and_were_acked).budget[Cause::peer_think], milliseconds(60) - Micros(100));
  EXPECT_EQ(after_a_tie(Role::responder, peer_did).budget[Cause::local_think], milliseconds(60) - Micros(100));
}

// The far end of a stall: half a request, the delayed ACK 40 ms later, then its rest, our answer and half of the next.
TEST(SampledLedger, charges_the_receiver_of_a_stalled_request_with_waiting_not_with_idleness) {
  End end(Role::responder);
  end.receives(200);
  end.step();
  for (int i = 0; i < 10; ++i) {
    end.steps(milliseconds(40));
    end.state().sent_acks += 1;
    end.receives(100);
    end.sends(50);
    end.receives(200);
    end.step();
  }
  EXPECT_GE(end.charged(Cause::peer_think), milliseconds(400));
  EXPECT_EQ(end.account().exchanges, 11U);
}

}  // namespace
}  // namespace uncork::stall
