#include "lab/zino/judge.hpp"

#include <gtest/gtest.h>

namespace uncork::lab {
namespace {

constexpr unsigned kCases = 100;

ZinoRun run_of(const ZinoSetup& setup) {
  ZinoRun run;
  run.setup = setup;
  run.cases = kCases;
  run.replies = 303;
  run.total = core::Micros(60'000);
  run.held.emplace();
  run.s2c_chunks = std::vector<unsigned>(303, 400);
  const bool per_line = setup.writes == zino::Writes::per_line;
  if (setup.path() == 'C') run.total = setup.front || setup.pipeline > 1 ? core::Micros(300'000) : core::Micros(9'080'000);
  if (per_line && (setup.path() != 'A' || setup.nagle == Nagle::on)) {
    run.total += core::Micros(13'000'000);
    run.held->emplace(setup.path() == 'A' ? ZinoPart::server : ZinoPart::relay, core::Micros(12'900'000));
  }
  return run;
}

/// What a good experiment shows.
ZinoResult good(const ZinoOptions& options = {}) {
  ZinoResult result{options, {}, {}};
  for (const ZinoSetup& setup : zino_setups(options)) result.runs.push_back(run_of(setup));
  return result;
}

ZinoRun& find(ZinoResult& result, char path, zino::Writes writes, Nagle nagle = Nagle::off) {
  for (ZinoRun& run : result.runs) {
    if (run.setup.path() == path && run.setup.writes == writes && run.setup.nagle == nagle) return run;
  }
  ADD_FAILURE() << "no such run";
  return result.runs.front();
}

using Names = std::vector<std::string>;
using zino::Writes;

Names names(const ZinoResult& result, bool failed_only) {
  Names all;
  for (const Criterion& criterion : judge_zino(result)) {
    if (!failed_only || !criterion.passed()) all.push_back(criterion.name);
  }
  return all;
}
Names failed(const ZinoResult& result) { return names(result, true); }

TEST(JudgeZino, passes_what_was_promised) {
  EXPECT_EQ(failed(good()), Names{});
  EXPECT_EQ(names(good(), false), (Names{"cases", "relay_ratio", "relay_charged", "server_charged", "chunks_per_reply",
                                         "round_trips", "pipelined", "front"}));
}

TEST(JudgeZino, a_case_that_is_missing_in_one_run_fails) {
  ZinoResult result = good();
  result.runs[3].cases = kCases - 1;
  EXPECT_EQ(failed(result), Names{"cases"});
}

TEST(JudgeZino, a_relay_that_is_charged_too_little_fails) {
  ZinoResult result = good();
  (*find(result, 'B', Writes::per_line).held)[ZinoPart::relay] = core::Micros(12'000'000);
  EXPECT_EQ(failed(result), Names{"relay_charged"});
}

TEST(JudgeZino, what_the_server_held_does_not_count_for_the_relay) {
  ZinoResult result = good();
  auto& held = *find(result, 'B', Writes::per_line).held;
  held = {{ZinoPart::server, core::Micros(12'900'000)}};
  EXPECT_EQ(failed(result), Names{"relay_charged"});
}

TEST(JudgeZino, without_the_witness_nobody_is_charged_and_it_does_not_pass) {
  ZinoResult result = good();
  for (ZinoRun& run : result.runs) run.held.reset();
  EXPECT_EQ(failed(result), (Names{"relay_charged", "server_charged"}));
}

TEST(JudgeZino, a_reply_in_two_chunks_fails) {
  ZinoResult result = good();
  find(result, 'B', Writes::coalesced).s2c_chunks->push_back(1);
  EXPECT_EQ(failed(result), Names{"chunks_per_reply"});
}

TEST(JudgeZino, a_stall_that_does_not_show_fails) {
  ZinoResult result = good();
  find(result, 'B', Writes::per_line).total = core::Micros(70'000);
  EXPECT_EQ(failed(result), Names{"relay_ratio"});
}

TEST(JudgeZino, a_listing_far_away_takes_its_round_trips_and_the_cures_do_not) {
  ZinoResult result = good();
  find(result, 'C', Writes::coalesced).total = core::Micros(9'600'000);
  EXPECT_EQ(failed(result), Names{"round_trips"});
  result = good();
  for (ZinoRun& run : result.runs) {
    if (run.setup.front) run.total = core::Micros(501'000);
  }
  EXPECT_EQ(failed(result), Names{"front"});
}

TEST(JudgeZino, zino_2_has_no_lines_to_write_and_zinolib_no_pipeline) {
  ZinoOptions options;
  options.server = ZinoServer::zino2;
  options.client = ZinoClient::zinolib;
  EXPECT_EQ(names(good(options), false), (Names{"cases", "chunks_per_reply", "round_trips", "front"}));
  EXPECT_EQ(failed(good(options)), Names{});
}

TEST(JudgeZino, a_single_run_need_only_list_its_cases) {
  ZinoOptions options;
  options.only = ZinoSetup{core::Micros(5000), Writes::per_line, Nagle::on, 1, false};
  EXPECT_EQ(names(good(options), false), Names{"cases"});
  EXPECT_EQ(failed(good(options)), Names{});
}

TEST(JudgeZino, an_experiment_without_runs_fails) { EXPECT_EQ(failed(ZinoResult{{}, {}, {}}).size(), 8U); }

}  // namespace
}  // namespace uncork::lab
