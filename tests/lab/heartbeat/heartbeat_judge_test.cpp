#include "lab/heartbeat/heartbeat_judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/core/parsed_json.hpp"
#include "uncork/stream/error.hpp"

namespace uncork::lab {
namespace {

using stream::errc;
using stream::liveness_clock;
using stream::liveness_policy;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const HeartbeatTimes kTimes(0.1);

core::Micros ms(std::int64_t count) { return core::Micros(count * 1000); }

HeartbeatRow good_row(const HeartbeatSetup& setup) {
  HeartbeatRow row;
  row.setup = setup;
  row.seed = 3;
  row.frames_checked = 600;
  row.longest_gap = ms(2500);
  row.ran = ms(12'001);
  const bool killed = setup.policy == liveness_policy::own_progress ||
                      (setup.peer == PeerKind::duplex && setup.policy == liveness_policy::heartbeat);
  if (killed) {
    row.error = errc::peer_silent;
    row.expired = liveness_clock::writing;
    row.ran = ms(1300);
  }
  if (setup.peer == PeerKind::stopped) {
    row.error = errc::peer_silent;
    row.after_stop = ms(701);
  }
  if (setup.peer == PeerKind::unread) {
    row.error = errc::no_progress;
    row.since_progress = ms(12'001);
  }
  return row;
}

/// What a good run shows.
std::vector<HeartbeatRow> good_rows() {
  std::vector<HeartbeatRow> rows;
  for (const HeartbeatSetup& setup : heartbeat_setups()) rows.push_back(good_row(setup));
  return rows;
}

/// The names of the criteria that fail when one row of a good run is changed.
std::vector<std::string> failed_when(PeerKind peer, liveness_policy policy, const std::function<void(HeartbeatRow&)>& change) {
  auto rows = good_rows();
  change(*std::ranges::find(rows, HeartbeatSetup{peer, policy}, &HeartbeatRow::setup));
  std::vector<std::string> names;
  for (const Criterion& criterion : judge_heartbeat(rows, kTimes)) {
    if (!criterion.passed()) names.push_back(criterion.name);
  }
  return names;
}

TEST(JudgeHeartbeat, passes_what_was_promised) {
  auto rows = good_rows();
  const auto criteria = judge_heartbeat(rows, kTimes);
  EXPECT_TRUE(all_passed(criteria)) << criteria_text(criteria);
  EXPECT_EQ(criteria.size(), 9U);
  for (const HeartbeatRow& row : rows) EXPECT_THAT(row.failed_because, IsEmpty());
}

TEST(JudgeHeartbeat, the_rule_of_own_progress_must_kill_the_slow_peer_by_the_clock_of_writing_and_in_time) {
  const auto peer = PeerKind::slow;
  const auto policy = liveness_policy::own_progress;
  EXPECT_THAT(failed_when(peer, policy, [](auto& row) { row.error = {}; }), ElementsAre("own_progress_slow"));
  EXPECT_THAT(failed_when(peer, policy, [](auto& row) { row.expired = liveness_clock::silence; }),
              ElementsAre("own_progress_slow"));
  EXPECT_THAT(failed_when(peer, policy, [](auto& row) { row.ran = ms(999); }), ElementsAre("own_progress_slow"));
  EXPECT_THAT(failed_when(peer, policy, [](auto& row) { row.ran = ms(3001); }), ElementsAre("own_progress_slow"));
}

TEST(JudgeHeartbeat, who_must_live_must_live_to_the_end) {
  EXPECT_THAT(failed_when(PeerKind::duplex, liveness_policy::any_frame, [](auto& row) { row.error = errc::peer_silent; }),
              ElementsAre("any_frame_duplex"));
  EXPECT_THAT(failed_when(PeerKind::slow, liveness_policy::heartbeat, [](auto& row) { row.ran = ms(11'000); }),
              ElementsAre("heartbeat_slow"));
}

TEST(JudgeHeartbeat, a_run_without_a_wait_longer_than_the_silence_limit_has_measured_nothing) {
  auto rows = good_rows();
  rows[1].longest_gap = kTimes.silence;
  const auto criteria = judge_heartbeat(rows, kTimes);
  EXPECT_FALSE(criteria[1].measured);
  EXPECT_FALSE(criteria[1].passed());
  EXPECT_THAT(criteria[1].note, HasSubstr("the fault was absent"));
}

TEST(JudgeHeartbeat, a_stopped_peer_must_be_found_in_time) {
  for (const auto late : {ms(499), ms(1101)}) {
    EXPECT_THAT(failed_when(PeerKind::stopped, liveness_policy::any_frame, [&](auto& row) { row.after_stop = late; }),
                ElementsAre("any_frame_stopped"));
  }
  EXPECT_THAT(failed_when(PeerKind::stopped, liveness_policy::heartbeat, [&](auto& row) { row.after_stop.reset(); }),
              ElementsAre("heartbeat_stopped"));
}

TEST(JudgeHeartbeat, a_peer_that_reads_nothing_must_be_given_up_at_the_no_progress_limit_and_for_that_reason) {
  const auto policy = liveness_policy::any_frame;
  for (const auto when : {ms(11'999), ms(12'101)}) {
    EXPECT_THAT(failed_when(PeerKind::unread, policy, [&](auto& row) { row.since_progress = when; }),
                ElementsAre("any_frame_unread"));
  }
  EXPECT_THAT(failed_when(PeerKind::unread, policy, [](auto& row) { row.error = errc::peer_silent; }),
              ElementsAre("any_frame_unread"));
}

TEST(JudgeHeartbeat, a_frame_out_of_order_fails_its_cell_and_the_order) {
  EXPECT_THAT(failed_when(PeerKind::slow, liveness_policy::any_frame, [](auto& row) { row.frames_out_of_order = 1; }),
              ElementsAre("any_frame_slow", "in_order"));
  EXPECT_THAT(failed_when(PeerKind::slow, liveness_policy::any_frame, [](auto& row) { row.frames_checked.reset(); }),
              ElementsAre("in_order"));
}

TEST(JudgeHeartbeat, a_cell_without_runs_is_not_passed) {
  std::vector<HeartbeatRow> none;
  for (const Criterion& criterion : judge_heartbeat(none, kTimes)) {
    EXPECT_FALSE(criterion.passed()) << criterion.name;
  }
}

TEST(HeartbeatReport, shows_a_line_a_cell_with_its_ranges_and_says_who_failed) {
  HeartbeatResult result{kTimes, good_rows(), {}};
  result.rows.push_back(good_row({PeerKind::slow, liveness_policy::own_progress}));
  result.rows.back().ran = ms(5000);
  result.rows.back().receive_window = ms(900);
  result.criteria = judge_heartbeat(result.rows, kTimes);
  const std::string text = heartbeat_text(result);
  EXPECT_THAT(text, ContainsRegex("slow +own_progress +silent \\(writing\\) +1.30 s - 5.00 s"));
  EXPECT_THAT(text, HasSubstr("FAILED: seed 3: after 5.00 s, expected 1.00 s to 3.00 s\n"));
  EXPECT_THAT(text, HasSubstr("FAILED  own_progress, slow peer: called silent while alive, after 1.00 s to 3.00 s: 5 s"));
  const auto json = core::testing::parsed(heartbeat_json(result));
  EXPECT_FALSE(json.at("passed").get<bool>());
  EXPECT_EQ(json.at("rows").size(), 9U);
  EXPECT_EQ(json.at("rows").at(0).at("error"), "peer_silent");
  EXPECT_TRUE(json.at("rows").at(0).at("receive_window_ms").is_null());
  EXPECT_EQ(json.at("rows").at(8).at("receive_window_ms"), 900);
}

}  // namespace
}  // namespace uncork::lab
