#include "lab/sockets/figures.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "lab/churn/churn.hpp"
#include "lab/sockets/soak_judge.hpp"
#include "lab/stress/stress.hpp"

namespace uncork::lab {
namespace {

constexpr core::Micros kMinute{60'000'000};

std::vector<MemoryPoint> growing(int points, std::uint64_t kib_a_point) {
  std::vector<MemoryPoint> memory;
  for (int i = 0; i < points; ++i) memory.push_back({i * kMinute, 10'000 + static_cast<std::uint64_t>(i) * kib_a_point, 100});
  return memory;
}

TEST(MemoryTrend, is_the_slope_after_the_warm_up) {
  auto memory = growing(40, 7);
  for (int i = 0; i < 10; ++i) memory[static_cast<std::size_t>(i)].kib = 100;  // the first quarter
  const auto trend = memory_trend(memory);
  ASSERT_TRUE(trend);
  EXPECT_NEAR(trend->kib_a_minute, 7, 1e-6);
  EXPECT_NEAR(trend->minutes, 29, 1e-6);
  EXPECT_NEAR(trend->grown_kib, 7 * 29, 1e-6);
}

TEST(MemoryTrend, begins_anew_when_others_open_many_sockets) {
  auto memory = growing(40, 7);
  for (std::size_t i = 20; i < 40; ++i) memory[i].kib += 50'000;
  memory[20].rows = 126;  // once, and its memory stays
  const auto trend = memory_trend(memory);
  ASSERT_TRUE(trend);
  EXPECT_NEAR(trend->kib_a_minute, 7, 1e-6);
  EXPECT_NEAR(trend->minutes, 14, 1e-6);
  memory[39].rows = 200;
  EXPECT_FALSE(memory_trend(memory));
}

TEST(MemoryTrend, needs_enough_points) {
  EXPECT_FALSE(memory_trend(growing(9, 1)));
  EXPECT_TRUE(memory_trend(growing(10, 1)));
  EXPECT_FALSE(memory_trend({}));
  EXPECT_FALSE(memory_trend(std::vector<MemoryPoint>(20, {kMinute, 5, 100})));
}

TEST(Quantile, is_the_nearest_rank) {
  const std::vector<double> figures = {5, 1, 4, 2, 3};
  EXPECT_EQ(quantile(figures, 0.5), 3);
  EXPECT_EQ(quantile(figures, 0.99), 5);
  EXPECT_EQ(quantile(figures, 0), 1);
  EXPECT_EQ(quantile({}, 0.5), std::nullopt);
}

/// An hour in which all was well.
SoakFigures well() {
  SoakFigures figures;
  figures.ran = 60 * kMinute;
  figures.every = core::Micros(1'000'000);
  figures.tally.looks = figures.tally.equal_looks = 3600;
  figures.tally.expected = figures.tally.rows = 360'000;
  figures.tally.ended = 1000;
  figures.threads = 2;
  figures.descriptors = 50;
  figures.namespaces = 10;
  figures.memory = growing(60, 0);
  figures.poll_ms = {10, 11, 12};
  return figures;
}

std::string failed(const std::vector<Criterion>& criteria) {
  std::string names;
  for (const Criterion& criterion : criteria) {
    if (!criterion.passed()) names += (names.empty() ? "" : " ") + criterion.name;
  }
  return names;
}

TEST(SoakJudge, passes_when_all_is_well) { EXPECT_EQ(failed(judge_soak(well())), ""); }

TEST(SoakJudge, without_a_look_nothing_has_been_shown) {
  EXPECT_EQ(failed(judge_soak({})), "looks rows_wrong threads descriptors memory_growth poll_p99");
}

TEST(SoakJudge, each_fault_fails_its_own_criterion) {
  const auto failed_by = [](auto change) {
    SoakFigures figures = well();
    change(figures);
    return failed(judge_soak(figures));
  };
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.tally.looks = 899; }), "looks");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.tally.missing = 1; }), "rows_wrong");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.tally.duplicates = 1; }), "rows_wrong");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.tally.misnamed = 1; }), "names_wrong");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.tally.misplaced = 1; }), "addresses_wrong");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.tally.ghosts = 1; }), "ghosts");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.tally.strangers = 1; }), "ghosts");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.tally.repeated_ends = 1; }), "last_rows_wrong");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.tally.early_ends = 1; }), "last_rows_wrong");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.ends.push_back({9, kMinute, ""}); }), "watcher_ends");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.threads = 5; }), "threads");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.descriptors = 75; }), "descriptors");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.memory = growing(60, 100); }), "memory_growth");
  EXPECT_EQ(failed_by([](SoakFigures& f) { f.poll_ms = {10, 10, 1001}; }), "poll_p99");
}

TEST(ChurnJudge, namespaces_must_have_been_deleted) {
  ChurnResult result;
  result.options.duration = 60 * kMinute;
  result.figures = well();
  result.deleted = 3599;
  EXPECT_EQ(failed(judge_churn(result)), "deleted");
  result.deleted = 3600;
  EXPECT_EQ(failed(judge_churn(result)), "");
}

TEST(ChurnJudge, last_rows_may_be_missing_or_nameless_only_where_looks_said_so) {
  ChurnResult result;
  result.options.duration = 60 * kMinute;
  result.deleted = 3600;
  result.figures = well();
  Tally& tally = result.figures.tally;
  tally.unended = 2;
  EXPECT_EQ(failed(judge_churn(result)), "last_rows_missing");
  tally.nameless_ends = 3;
  tally.ends_missed = 2;
  EXPECT_EQ(failed(judge_churn(result)), "last_rows_nameless");
  tally.ends_missed = 3;
  EXPECT_EQ(failed(judge_churn(result)), "");
  tally.ends_missed = 0;
  tally.close_events_lost = 1;  // nobody knows how many
  EXPECT_EQ(failed(judge_churn(result)), "");
}

TEST(ChurnJudge, without_closed_sockets_nothing_is_shown_of_last_rows) {
  ChurnResult result;
  result.options.duration = 60 * kMinute;
  result.deleted = 3600;
  result.figures = well();
  result.figures.tally.ended = 0;
  EXPECT_EQ(failed(judge_churn(result)), "last_rows_missing last_rows_nameless");
}

TEST(StressJudge, every_look_must_be_equal_and_every_end_told) {
  StressResult result;
  result.figures = well();
  EXPECT_EQ(failed(judge_stress(result)), "");
  result.figures.tally.equal_looks -= 1;
  EXPECT_EQ(failed(judge_stress(result)), "looks_unequal");
  result.figures.tally.unended = 1;
  EXPECT_EQ(failed(judge_stress(result)), "looks_unequal last_rows_missing");
  result.figures.tally.ended = 0;
  EXPECT_EQ(failed(judge_stress(result)), "looks_unequal last_rows_missing");
}

}  // namespace
}  // namespace uncork::lab
