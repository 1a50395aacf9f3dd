#include "lab/transmit/transmit_judge.hpp"

#include <gtest/gtest.h>

namespace uncork::lab {
namespace {

TransmitRow row(SendStrategy strategy, std::uint64_t bytes, std::uint64_t minimum, std::uint32_t segments, unsigned stalls) {
  TransmitRow row;
  row.strategy = strategy;
  row.file_bytes = bytes;
  row.mss = 1448;
  row.minimum_segments = minimum;
  row.segments = {segments, segments};
  row.stalls = stalls;
  row.held = core::Micros(200);
  row.times.add(core::Micros(50), 2);
  return row;
}

/// What a good run shows.
TransmitResult good() {
  TransmitResult result;
  for (const auto& [bytes, minimum] : {std::pair<std::uint64_t, std::uint32_t>(4096, 4), {8192, 6}, {100'000, 70}}) {
    result.rows.push_back(row(SendStrategy::plain, bytes, minimum, minimum + 1, 1));
    result.rows.push_back(row(SendStrategy::transmit_file, bytes, minimum, minimum, 0));
  }
  result.serving = {{"transmit_file", {2.2, 2.1, 2.3}, {400, 410, 400}}, {"nginx", {2.2, 2.2, 2.2}, {400, 400, 410}}};
  result.memory_growth_kb = 12;
  return result;
}

std::vector<std::string> failed(const TransmitResult& result) {
  std::vector<std::string> names;
  for (const Criterion& criterion : judge_transmit(result)) {
    if (!criterion.passed()) names.push_back(criterion.name);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(JudgeTransmit, passes_what_was_promised) {
  EXPECT_EQ(failed(good()), Names{});
  EXPECT_EQ(judge_transmit(good()).size(), 10U);
}

TEST(JudgeTransmit, one_segment_too_many_in_one_run_fails) {
  TransmitResult result = good();
  result.rows[1].segments.back() = 5;
  EXPECT_EQ(failed(result), (Names{"segments_4096", "segments_over_minimum"}));
}

TEST(JudgeTransmit, a_stall_of_ours_fails_and_so_does_a_plain_send_that_shows_none) {
  TransmitResult result = good();
  result.rows[1].stalls = 1;
  EXPECT_EQ(failed(result), Names{"stalls"});
  result = good();
  for (TransmitRow& plain : result.rows) plain.stalls = 0;
  EXPECT_EQ(failed(result), Names{"plain_stalls"});
}

TEST(JudgeTransmit, what_the_kernel_charged_or_could_not_see_counts) {
  TransmitResult result = good();
  result.rows[3].held = core::Micros(40'000);
  EXPECT_EQ(failed(result), Names{"held"});
  for (TransmitRow& any : result.rows) any.held.reset();
  EXPECT_EQ(failed(result), Names{"held"});
}

TEST(JudgeTransmit, noise_excuses_its_own_size_and_a_tenth_at_most) {
  TransmitResult result = good();
  result.serving[0].gigabytes_per_second = {2.0, 2.0, 2.0};  // no spread, no excuse
  EXPECT_EQ(failed(result), Names{"throughput_to_nginx"});
  result.serving[0].gigabytes_per_second = {0.9, 1.9, 2.9};
  EXPECT_EQ(failed(result), Names{"throughput_to_nginx"});
  result.serving[0].gigabytes_per_second = {1.9, 2.1, 2.3};
  EXPECT_EQ(failed(result), Names{});
  result.serving[0].cpu_ms_per_gigabyte = {450, 450, 450};
  EXPECT_EQ(failed(result), Names{"cpu_to_nginx"});
}

TEST(JudgeTransmit, without_nginx_nothing_was_shown_and_it_says_how_to_have_it) {
  TransmitResult result = good();
  result.serving.pop_back();
  result.why_no_nginx = "nginx is not installed: ./dev deps --interop installs it";
  EXPECT_EQ(failed(result), (Names{"throughput_to_nginx", "cpu_to_nginx"}));
  EXPECT_EQ(judge_transmit(result)[7].note, result.why_no_nginx);
}

TEST(JudgeTransmit, of_nothing_nothing_passes) { EXPECT_EQ(failed({}).size(), judge_transmit({}).size()); }

}  // namespace
}  // namespace uncork::lab
