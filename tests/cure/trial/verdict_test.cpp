// What a trial is said to come to, from windows made up for it.

#include "cure/trial/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "cure/trial/figures.hpp"

namespace uncork::cure {
namespace {

using ::testing::HasSubstr;
using Windows = std::vector<TrialWindow>;

/// Of a server that answers in 0.2 ms, a thousand exchanges a second.
TrialWindow plain(bool nodelay) {
  TrialWindow window;
  window.nodelay = nodelay;
  window.seconds = 1.8;
  window.exchanges = 1800;
  window.mean_ms = 0.2;
  window.p50_ms = 0.19;
  window.p99_ms = 0.4;
  window.bytes = 180'000;
  window.segments = 3600;
  window.cpu_ms = 90;
  window.connections = 4;
  return window;
}

/// Seven pairs, each figure a little off in its own way.
Windows windows(const std::function<void(TrialWindow&)>& off, const std::function<void(TrialWindow&)>& on) {
  Windows all;
  for (int pair = 0; pair < 7; ++pair) {
    for (const bool nodelay : {pair % 2 == 0, pair % 2 != 0}) {
      TrialWindow window = plain(nodelay);
      (nodelay ? on : off)(window);
      const double wobble = 1 + 0.01 * ((pair * 5 + (nodelay ? 3 : 0)) % 7 - 3);  // 3 % at most
      for (double* figure : {&window.mean_ms, &window.p50_ms, &window.p99_ms, &window.lost_ms, &window.peer_ms, &window.cpu_ms})
        *figure *= wobble;
      if (window.segments) *window.segments *= wobble;
      all.push_back(window);
    }
  }
  return all;
}

constexpr auto kAsBefore = [](TrialWindow&) {};
constexpr TrialSockets kSockets{4, 4};

TEST(TrialVerdict, a_stall_that_ends_is_a_gain_though_it_costs_a_segment) {
  const auto verdict = judge_trial(windows(
                                       [](TrialWindow& w) {
                                         w.mean_ms = w.p50_ms = w.p99_ms = 42;
                                         w.lost_ms = 41;
                                         w.exchanges = 170;
                                         w.bytes = 17'000;
                                         w.segments = 340;
                                         w.cpu_ms = 9;
                                       },
                                       [](TrialWindow& w) { *w.segments *= 1.5; }),
                                   kSockets);
  EXPECT_EQ(verdict.outcome, TrialOutcome::gains) << verdict.sentence;
  EXPECT_TRUE(verdict.keeps());
  EXPECT_EQ(verdict.pairs, 7U);
  EXPECT_THAT(verdict.sentence, HasSubstr("exchange, mean: 42"));
}

TEST(TrialVerdict, windows_alike_are_no_difference) {
  const auto verdict = judge_trial(windows(kAsBefore, kAsBefore), kSockets);
  EXPECT_EQ(verdict.outcome, TrialOutcome::neutral) << verdict.sentence;
  EXPECT_FALSE(verdict.keeps());
}

TEST(TrialVerdict, a_gain_of_less_than_one_in_twenty_is_none) {
  const auto verdict = judge_trial(windows(kAsBefore, [](TrialWindow& w) { w.mean_ms *= 0.97; }), kSockets);
  EXPECT_EQ(verdict.outcome, TrialOutcome::neutral) << verdict.sentence;
}

TEST(TrialVerdict, more_segments_and_processor_time_for_nothing_is_a_loss) {
  const auto verdict = judge_trial(windows(kAsBefore,
                                           [](TrialWindow& w) {
                                             *w.segments *= 4;
                                             w.cpu_ms *= 1.5;
                                           }),
                                   kSockets);
  EXPECT_EQ(verdict.outcome, TrialOutcome::loses);
  EXPECT_THAT(verdict.sentence, HasSubstr("there is a price"));
  EXPECT_FALSE(verdict.keeps());
}

/// As the kernel's books count a pipeline whose answers are no longer merged.
TEST(TrialVerdict, more_and_shorter_exchanges_of_the_same_bytes_are_no_gain) {
  const auto shorter = [](TrialWindow& w) {
    w.exchanges *= 5;
    w.mean_ms = w.p50_ms = w.p99_ms = 0.04;
  };
  EXPECT_EQ(judge_trial(windows(kAsBefore, shorter), kSockets).outcome, TrialOutcome::neutral);
  const auto dearer = [&](TrialWindow& w) {
    shorter(w);
    *w.segments *= 5;
  };
  EXPECT_EQ(judge_trial(windows(kAsBefore, dearer), kSockets).outcome, TrialOutcome::loses);
  const auto more = [&](TrialWindow& w) {
    dearer(w);
    w.bytes *= 7;
  };
  EXPECT_EQ(judge_trial(windows(kAsBefore, more), kSockets).outcome, TrialOutcome::gains) << "of more bytes they are";
}

TEST(TrialVerdict, a_small_gain_does_not_pay_for_a_high_price) {
  const auto verdict = judge_trial(windows(kAsBefore,
                                           [](TrialWindow& w) {
                                             w.mean_ms *= 0.8;
                                             w.cpu_ms *= 2;
                                           }),
                                   kSockets);
  EXPECT_EQ(verdict.outcome, TrialOutcome::mixed) << verdict.sentence;
  EXPECT_THAT(verdict.sentence, HasSubstr("CPU a kB"));
}

TEST(TrialVerdict, slowest_exchanges_that_become_slower_weigh_more_than_a_lower_mean) {
  const auto verdict = judge_trial(windows(kAsBefore,
                                           [](TrialWindow& w) {
                                             w.mean_ms *= 0.8;
                                             w.p99_ms *= 3;
                                           }),
                                   kSockets);
  EXPECT_EQ(verdict.outcome, TrialOutcome::mixed) << verdict.sentence;
}

TEST(TrialVerdict, a_stall_that_waits_at_the_other_end_has_moved) {
  const auto verdict = judge_trial(windows(
                                       [](TrialWindow& w) {
                                         w.mean_ms = 42;
                                         w.lost_ms = 40;
                                         w.peer_ms = 0.1;
                                       },
                                       [](TrialWindow& w) {
                                         w.mean_ms = 42;
                                         w.peer_ms = 41;
                                       }),
                                   kSockets);
  EXPECT_EQ(verdict.outcome, TrialOutcome::moves) << verdict.sentence;
  EXPECT_THAT(verdict.sentence, HasSubstr("the other end holds now"));
  EXPECT_THAT(verdict.sentence, HasSubstr("no longer loses"));
}

TEST(TrialVerdict, a_stall_that_only_the_option_uncovers_is_the_other_ends_too) {
  const auto verdict = judge_trial(windows([](TrialWindow& w) { w.peer_ms = 0.1; },
                                           [](TrialWindow& w) {
                                             w.mean_ms = 42;
                                             w.peer_ms = 41;
                                             *w.segments *= 1.5;
                                           }),
                                   kSockets);
  EXPECT_EQ(verdict.outcome, TrialOutcome::moves) << verdict.sentence;
}

TEST(TrialVerdict, connections_that_have_the_option_leave_nothing_to_try) {
  const auto verdict = judge_trial(windows(kAsBefore, kAsBefore), {4, 0});
  EXPECT_EQ(verdict.outcome, TrialOutcome::already);
  EXPECT_THAT(verdict.sentence, HasSubstr("all of 4 connections"));
}

TEST(TrialVerdict, too_few_exchanges_or_pairs_conclude_nothing) {
  const auto few = [](TrialWindow& w) { w.exchanges = 4, w.bytes = 400; };  // 28 in seven windows
  EXPECT_EQ(judge_trial(windows(few, kAsBefore), kSockets).outcome, TrialOutcome::too_few);
  EXPECT_EQ(judge_trial(windows(kAsBefore, few), kSockets).outcome, TrialOutcome::too_few);
  EXPECT_EQ(judge_trial({}, kSockets).outcome, TrialOutcome::too_few);
  EXPECT_EQ(judge_trial({}, {}).outcome, TrialOutcome::too_few);
  const Windows all = windows(kAsBefore, kAsBefore);
  EXPECT_EQ(judge_trial(std::span(all).first(5), kSockets).outcome, TrialOutcome::too_few) << "two pairs and a half";
  EXPECT_EQ(judge_trial(std::span(all).first(6), kSockets).outcome, TrialOutcome::neutral);
}

TEST(TrialVerdict, a_window_without_exchanges_takes_its_pair_with_it) {
  Windows all = windows(kAsBefore, kAsBefore);
  all[3].exchanges = 0;
  all[4].seconds = 0;
  EXPECT_EQ(whole_pairs(all).size(), 5U);
  all[6].nodelay = all[7].nodelay;
  EXPECT_EQ(whole_pairs(all).size(), 4U);
}

TEST(TrialVerdict, segments_that_nobody_counted_are_not_known_and_decide_nothing) {
  const auto verdict = judge_trial(windows([](TrialWindow& w) { w.segments.reset(); }, kAsBefore), kSockets);
  EXPECT_EQ(verdict.outcome, TrialOutcome::neutral);
  const auto segments = std::ranges::find(verdict.figures, "segments_per_kilobyte", &TrialFigure::key);
  ASSERT_NE(segments, verdict.figures.end());
  EXPECT_FALSE(segments->ratio.has_value());
}

}  // namespace
}  // namespace uncork::cure
