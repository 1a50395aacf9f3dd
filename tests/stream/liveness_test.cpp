// Liveness in virtual time: each test is a list of timed steps. T is 10 s, L 120 s, a heartbeat every 5 s, as in zrepl.

#include "uncork/stream/liveness.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "uncork/stream/error.hpp"

namespace uncork::stream {
namespace {

using namespace std::chrono_literals;
using time_point = liveness::time_point;
using duration = liveness::duration;

constexpr duration kSilence = 10s;
constexpr duration kNoProgress = 120s;

time_point at(duration since_start) { return time_point(1000s) + since_start; }

liveness judge_from_the_start(liveness_policy policy) { return liveness({policy, kSilence, kNoProgress, 5s}, at(0s)); }

const std::vector<liveness_policy> kPolicies = {liveness_policy::own_progress, liveness_policy::heartbeat,
                                                liveness_policy::any_frame};

/// Alive until just before `since_start`, and given up from then on.
void expect_given_up_at(const liveness& judge, duration since_start, liveness_clock why) {
  EXPECT_EQ(judge.next_deadline(), at(since_start));
  EXPECT_EQ(judge.expired(at(since_start - 1us)), liveness_clock::none);
  EXPECT_FALSE(judge.check(at(since_start - 1us)));
  EXPECT_EQ(judge.expired(at(since_start)), why);
  EXPECT_EQ(judge.check(at(since_start)), why == liveness_clock::no_progress ? errc::no_progress : errc::peer_silent);
}

TEST(Liveness, a_peer_that_never_says_anything_is_silent_after_the_limit_under_every_policy) {
  for (const liveness_policy policy : kPolicies) expect_given_up_at(judge_from_the_start(policy), 10s, liveness_clock::silence);
}

TEST(Liveness, bytes_of_a_frame_that_takes_long_are_signs_of_life) {
  for (const liveness_policy policy : kPolicies) {
    liveness judge = judge_from_the_start(policy);
    for (duration now = 9s; now < 100s; now += 9s) {
      ASSERT_FALSE(judge.check(at(now)));
      judge.received(at(now));
    }
    EXPECT_EQ(judge.next_deadline(), at(99s) + kSilence);
  }
}

TEST(Liveness, a_slow_receiver_that_heartbeats_is_killed_by_the_rule_of_own_progress) {
  liveness judge = judge_from_the_start(liveness_policy::own_progress);
  judge.refused(at(1s));
  judge.heartbeat_received(at(5s));
  judge.heartbeat_received(at(10s));
  expect_given_up_at(judge, 11s, liveness_clock::writing);
}

TEST(Liveness, a_slow_receiver_that_heartbeats_lives_under_the_fix_and_under_ours) {
  for (const liveness_policy policy : {liveness_policy::heartbeat, liveness_policy::any_frame}) {
    liveness judge = judge_from_the_start(policy);
    judge.refused(at(1s));
    for (duration now = 5s; now <= 30s; now += 5s) {
      ASSERT_FALSE(judge.check(at(now)));
      judge.heartbeat_received(at(now));
    }
    judge.accepted(at(31s));  // the gap of 30 s that was measured
    EXPECT_FALSE(judge.check(at(31s)));
    EXPECT_EQ(judge.longest_wait(at(31s)), 30s);
  }
}

TEST(Liveness, a_slow_receiver_that_sends_data_is_killed_by_the_fix_and_lives_under_ours) {
  liveness fix = judge_from_the_start(liveness_policy::heartbeat);
  liveness ours = judge_from_the_start(liveness_policy::any_frame);
  for (liveness* judge : {&fix, &ours}) {
    judge->refused(at(1s));
    for (duration now = 3s; now <= 30s; now += 3s) judge->received(at(now));
  }
  EXPECT_EQ(fix.expired(at(11s)), liveness_clock::writing);
  EXPECT_FALSE(ours.check(at(39s)));
}

TEST(Liveness, own_bytes_renew_a_waiting_write) {
  for (const liveness_policy policy : kPolicies) {
    liveness judge = judge_from_the_start(policy);
    for (duration now = 0s; now <= 90s; now += 9s) {
      judge.accepted(at(now));
      judge.refused(at(now));
      judge.received(at(now));
    }
    EXPECT_EQ(judge.next_deadline(), at(90s) + kSilence);
  }
}

TEST(Liveness, a_dead_peer_is_found_although_our_own_small_writes_are_accepted) {
  for (const liveness_policy policy : kPolicies) {
    liveness judge = judge_from_the_start(policy);
    judge.received(at(2s));
    std::uint64_t acked = 1;
    for (duration now = 3s; now < 12s; now += 1s) {
      judge.accepted(at(now));  // room in a buffer that is not full
      judge.frame_sent(at(now));
      judge.acknowledged(acked += 8, 8, at(now));  // as the kernel of a stopped process does
    }
    EXPECT_EQ(judge.next_deadline(), at(12s));
    EXPECT_EQ(judge.check(at(12s)), errc::peer_silent);
  }
}

TEST(Liveness, a_stopped_peer_is_found_although_its_kernel_takes_a_waiting_write_until_the_window_is_full) {
  liveness judge = judge_from_the_start(liveness_policy::any_frame);
  judge.received(at(2s));
  judge.acknowledged(1, 100'000, at(2s));
  for (duration now = 3s; now < 12s; now += 1s) {
    judge.refused(at(now));
    judge.acknowledged(static_cast<std::uint64_t>(now.count()), 100'000, at(now));
    judge.accepted(at(now));
  }
  expect_given_up_at(judge, 12s, liveness_clock::silence);
}

TEST(Liveness, acknowledged_bytes_and_bytes_accepted_after_a_refusal_renew_the_no_progress_limit) {
  liveness judge = judge_from_the_start(liveness_policy::any_frame);
  judge.acknowledged(1, 100'000, at(1s));
  judge.refused(at(2s));
  judge.pause_reading();
  EXPECT_EQ(judge.next_deadline(), at(121s));
  judge.acknowledged(1, 100'000, at(60s));  // asked, and nothing has moved
  EXPECT_EQ(judge.next_deadline(), at(121s));
  judge.acknowledged(2, 99'999, at(70s));
  EXPECT_EQ(judge.next_deadline(), at(190s));
  judge.accepted(at(80s));
  EXPECT_EQ(judge.last_progress(), at(80s));
  expect_given_up_at(judge, 200s, liveness_clock::no_progress);
}

TEST(Liveness, a_peer_that_heartbeats_and_reads_nothing_ends_at_the_no_progress_limit) {
  liveness judge = judge_from_the_start(liveness_policy::any_frame);
  judge.refused(at(1s));
  for (duration now = 5s; now <= 120s; now += 5s) {
    ASSERT_FALSE(judge.check(at(now)));
    judge.heartbeat_received(at(now));
    judge.acknowledged(77, 5000, at(now));
  }
  expect_given_up_at(judge, 121s, liveness_clock::no_progress);
}

TEST(Liveness, a_write_that_is_taken_back_waits_no_longer_and_is_no_progress) {
  for (const liveness_policy policy : kPolicies) {
    liveness judge = judge_from_the_start(policy);
    judge.refused(at(1s));
    judge.withdrawn();
    EXPECT_FALSE(judge.waiting());
    EXPECT_EQ(judge.last_progress(), at(1s));
    judge.received(at(9s));
    EXPECT_EQ(judge.next_deadline(), at(19s));
  }
}

TEST(Liveness, bytes_that_nobody_acknowledges_end_at_the_no_progress_limit_without_a_waiting_write) {
  liveness judge = judge_from_the_start(liveness_policy::any_frame);
  judge.accepted(at(1s));
  judge.acknowledged(1, 500, at(2s));
  for (duration now = 3s; now < 122s; now += 1s) {
    judge.received(at(now));
    judge.accepted(at(now));  // more and more into the kernel: no progress
    judge.acknowledged(1, 500, at(now));
  }
  expect_given_up_at(judge, 122s, liveness_clock::no_progress);
}

TEST(Liveness, a_connection_with_nothing_outstanding_has_no_progress_limit) {
  liveness judge = judge_from_the_start(liveness_policy::any_frame);
  judge.acknowledged(1, 500, at(1s));
  judge.acknowledged(501, 0, at(2s));
  for (duration now = 3s; now < 1000s; now += 3s) judge.received(at(now));
  EXPECT_FALSE(judge.check(at(1000s)));
  EXPECT_FALSE(judge.outstanding());
  judge.acknowledged(501, 8, at(1001s));  // its clock begins anew with the next byte
  judge.received(at(1115s));
  expect_given_up_at(judge, 1121s, liveness_clock::no_progress);
}

TEST(Liveness, silence_is_not_judged_while_we_do_not_read_and_the_no_progress_limit_is) {
  liveness judge = judge_from_the_start(liveness_policy::any_frame);
  judge.pause_reading();
  EXPECT_EQ(judge.next_deadline(), time_point::max());
  EXPECT_FALSE(judge.check(at(1h)));
  judge.refused(at(1h));
  expect_given_up_at(judge, 1h + kNoProgress, liveness_clock::no_progress);
}

TEST(Liveness, the_peer_has_the_whole_limit_again_when_we_read_again) {
  for (const liveness_policy policy : kPolicies) {
    liveness judge = judge_from_the_start(policy);
    judge.pause_reading();
    judge.resume_reading(at(60s));
    EXPECT_EQ(judge.next_deadline(), at(70s));
    judge.resume_reading(at(65s));  // it was reading already
    EXPECT_EQ(judge.next_deadline(), at(70s));
  }
}

TEST(Liveness, a_heartbeat_is_due_an_interval_after_the_last_frame) {
  liveness judge = judge_from_the_start(liveness_policy::any_frame);
  EXPECT_EQ(judge.heartbeat_due(), at(5s));
  judge.frame_sent(at(4s));
  EXPECT_EQ(judge.heartbeat_due(), at(9s));
  judge.heartbeat_sent(at(9s));
  EXPECT_EQ(judge.heartbeat_due(), at(14s));
}

TEST(Liveness, a_heartbeat_that_fell_due_during_a_long_frame_stays_due) {
  liveness judge = judge_from_the_start(liveness_policy::any_frame);
  judge.frame_sent(at(7s));
  EXPECT_EQ(judge.heartbeat_due(), at(5s));
  judge.heartbeat_sent(at(7s));
  EXPECT_EQ(judge.heartbeat_due(), at(12s));
}

TEST(Liveness, the_interval_is_a_third_of_the_silence_limit_unless_set) {
  const liveness judge({liveness_policy::any_frame, 9s, kNoProgress, std::nullopt}, at(0s));
  EXPECT_EQ(judge.heartbeat_due(), at(3s));
}

TEST(Liveness, limits_without_end_do_not_overflow) {
  liveness judge({liveness_policy::any_frame, duration::max(), duration::max(), duration::max()}, at(0s));
  judge.refused(at(1s));
  EXPECT_EQ(judge.next_deadline(), time_point::max());
  EXPECT_EQ(judge.heartbeat_due(), time_point::max());
}

// ---- properties ------------------------------------------------------------------------------------------------------

enum class Event { refused, accepted, acknowledged, received, heartbeat, pause, resume, frame_sent, nothing, count };

void apply(liveness& judge, Event event, std::uint64_t figure, time_point now) {
  switch (event) {
    case Event::refused:
      return judge.refused(now);
    case Event::accepted:
      return judge.accepted(now);
    case Event::acknowledged:
      return judge.acknowledged(figure, figure % 3, now);
    case Event::received:
      return judge.received(now);
    case Event::heartbeat:
      return judge.heartbeat_received(now);
    case Event::pause:
      return judge.pause_reading();
    case Event::resume:
      return judge.resume_reading(now);
    case Event::frame_sent:
      return judge.frame_sent(now);
    case Event::nothing:
    case Event::count:
      return;
  }
}

Event any_event() { return static_cast<Event>(*rc::gen::inRange(0, static_cast<int>(Event::count))); }
duration any_pause() { return std::chrono::milliseconds(*rc::gen::inRange(0, 6000)); }

TEST(LivenessProperties, a_clock_runs_out_at_its_deadline_and_never_before) {
  EXPECT_TRUE(rc::check([] {
    liveness judge = judge_from_the_start(*rc::gen::elementOf(kPolicies));
    duration now{0};
    for (int i = 0; i < 100; ++i) {
      now += any_pause();
      apply(judge, any_event(), static_cast<std::uint64_t>(i), at(now));
      const time_point deadline = judge.next_deadline();
      if (deadline == time_point::max()) continue;
      RC_ASSERT(judge.check(deadline));
      RC_ASSERT(!judge.check(deadline - 1ns));
    }
  }));
}

TEST(LivenessProperties, whom_any_frame_calls_silent_every_older_policy_has_given_up) {
  EXPECT_TRUE(rc::check([] {
    std::vector<liveness> judges;
    for (const liveness_policy policy : kPolicies) judges.push_back(liveness({policy, kSilence, duration::max(), 5s}, at(0s)));
    duration now{0};
    for (int i = 0; i < 100; ++i) {
      now += any_pause();
      RC_ASSERT(judges[0].next_deadline() <= judges[1].next_deadline());
      RC_ASSERT(judges[1].next_deadline() <= judges[2].next_deadline());
      const Event event = any_event();
      for (liveness& judge : judges) apply(judge, event, static_cast<std::uint64_t>(i), at(now));
    }
  }));
}

TEST(LivenessProperties, nothing_that_we_write_unhindered_keeps_a_silent_peer_alive) {
  EXPECT_TRUE(rc::check([] {
    liveness judge = judge_from_the_start(*rc::gen::elementOf(kPolicies));
    judge.received(at(1s));
    duration now = 1s;
    while (now < 11s) {
      RC_ASSERT(!judge.check(at(now)));
      if (*rc::gen::arbitrary<bool>()) judge.accepted(at(now));
      judge.acknowledged(static_cast<std::uint64_t>(now.count()), 8, at(now));
      judge.heartbeat_sent(at(now));
      now += any_pause() + 1ms;
    }
    RC_ASSERT(judge.check(at(now)) == errc::peer_silent);
  }));
}

}  // namespace
}  // namespace uncork::stream
