#include "core/histogram.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace uncork::core {
namespace {

constexpr std::int64_t kTop = (std::int64_t{1} << 40) - 1;

/// Durations of every magnitude alike, not mostly huge ones.
rc::Gen<std::int64_t> duration_us() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 41), rc::gen::arbitrary<std::uint64_t>()), [](const auto& drawn) {
    return static_cast<std::int64_t>(drawn.second & ((std::uint64_t{1} << drawn.first) - 1));
  });
}

std::vector<std::int64_t> some_durations() {
  return *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(duration_us()));
}

Histogram of(const std::vector<std::int64_t>& values) {
  Histogram histogram;
  for (const auto us : values) histogram.add(Micros(us));
  return histogram;
}

/// The value at the rank that quantile() is defined by.
std::int64_t exact_quantile(std::vector<std::int64_t> values, double q) {
  std::ranges::sort(values);
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

void expect_same(const Histogram& a, const Histogram& b) {
  RC_ASSERT(a.count() == b.count());
  RC_ASSERT(a.sum() == b.sum());
  RC_ASSERT(a.max() == b.max());
  for (int percent = 0; percent <= 100; ++percent) RC_ASSERT(a.quantile(percent / 100.0) == b.quantile(percent / 100.0));
}

TEST(Histogram, is_all_zero_when_empty) {
  const Histogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.sum(), Micros(0));
  EXPECT_EQ(empty.mean(), Micros(0));
  EXPECT_EQ(empty.max(), Micros(0));
  EXPECT_EQ(empty.quantile(0.5), Micros(0));
}

TEST(Histogram, is_exact_for_small_values) {
  for (int us = 0; us < 16; ++us) {
    Histogram one;
    one.add(Micros(us));
    one.add(Micros(1'000'000));  // so that the maximum does not bound the answer
    EXPECT_EQ(one.quantile(0.5), Micros(us));
  }
}

TEST(Histogram, finds_the_one_stall_among_many_quick_answers) {
  Histogram answers;
  answers.add(Micros(200), 99);
  answers.add(Micros(40'000));
  EXPECT_LE(answers.quantile(0.99), Micros(212));
  EXPECT_EQ(answers.quantile(1), Micros(40'000));
  EXPECT_EQ(answers.max(), Micros(40'000));
  EXPECT_EQ(answers.mean(), Micros((99 * 200 + 40'000) / 100));
}

TEST(Histogram, takes_a_negative_duration_for_zero) {
  const auto histogram = of({-5});
  EXPECT_EQ(histogram.count(), 1U);
  EXPECT_EQ(histogram.sum(), Micros(0));
  EXPECT_EQ(histogram.quantile(1), Micros(0));
}

TEST(Histogram, counts_what_is_too_long_as_the_longest_it_knows) {
  const auto histogram = of({kTop + 1, std::int64_t{1} << 50});
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.quantile(0.5), Micros(kTop));
}

TEST(Histogram, takes_shares_outside_zero_to_one_for_the_ends) {
  const auto histogram = of({1, 2, 3});
  EXPECT_EQ(histogram.quantile(-1), Micros(1));
  EXPECT_EQ(histogram.quantile(7), Micros(3));
}

RC_GTEST_PROP(Histogram, is_never_below_the_true_quantile_and_at_most_a_sixteenth_above, ()) {
  const auto values = some_durations();
  const auto histogram = of(values);
  const double q = *rc::gen::inRange(0, 101) / 100.0;
  const auto exact = exact_quantile(values, q);
  const auto got = histogram.quantile(q).count();
  RC_ASSERT(got >= exact);
  RC_ASSERT(got - exact <= exact / 16);
}

RC_GTEST_PROP(Histogram, has_quantiles_that_never_fall, ()) {
  const auto histogram = of(some_durations());
  for (int percent = 1; percent <= 100; ++percent) {
    RC_ASSERT(histogram.quantile((percent - 1) / 100.0) <= histogram.quantile(percent / 100.0));
  }
  RC_ASSERT(histogram.quantile(1) == histogram.max());
}

RC_GTEST_PROP(Histogram, merged_is_the_same_as_both_added, ()) {
  const auto first = some_durations();
  const auto second = some_durations();
  auto all = first;
  all.insert(all.end(), second.begin(), second.end());
  auto merged = of(first);
  merged.merge(of(second));
  expect_same(merged, of(all));
}

RC_GTEST_PROP(Histogram, adding_n_times_is_adding_n_of_them, ()) {
  const auto us = *duration_us();
  const auto times = *rc::gen::inRange(1, 50);
  Histogram at_once;
  at_once.add(Micros(us), static_cast<std::uint64_t>(times));
  expect_same(at_once, of(std::vector<std::int64_t>(static_cast<std::size_t>(times), us)));
}

}  // namespace
}  // namespace uncork::core
