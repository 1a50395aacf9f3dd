#include "cure/trial/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace uncork::cure {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(TrialSchedule, fills_the_time_with_pairs_of_one_window_each_way) {
  const auto plan = plan_trial(30s, core::Micros(0), 1).value();
  EXPECT_EQ(plan.window, 2s);
  EXPECT_EQ(plan.settle, 200ms);
  ASSERT_EQ(plan.order.size(), 14U);
  for (std::size_t i = 0; i < plan.order.size(); i += 2) EXPECT_NE(plan.order[i], plan.order[i + 1]);
}

TEST(TrialSchedule, draws_the_order_and_balances_it) {
  std::set<std::vector<bool>> orders;
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const auto plan = plan_trial(16s, 1s, seed).value();
    orders.insert(plan.order);
    int on_first = 0;
    for (std::size_t i = 0; i < plan.order.size(); i += 2) on_first += plan.order[i] ? 1 : 0;
    EXPECT_EQ(on_first, 4) << "of 8 pairs";
  }
  EXPECT_GT(orders.size(), 20U) << "of 70 there are";
}

TEST(TrialSchedule, short_trials_have_short_windows) {
  EXPECT_EQ(plan_trial(5s, core::Micros(0), 1)->window, 500ms);
  EXPECT_EQ(plan_trial(2s, core::Micros(0), 1)->window, 250ms);
  EXPECT_EQ(plan_trial(2s, core::Micros(0), 1)->settle, 100ms);
}

TEST(TrialSchedule, refuses_what_cannot_tell_anything) {
  EXPECT_THAT(plan_trial(1s, core::Micros(0), 1).error().message, HasSubstr("give at least 1.50 s"));
  EXPECT_THAT(plan_trial(10s, 2s, 1).error().message, HasSubstr("give at least 12.0 s"));
  EXPECT_THAT(plan_trial(30s, 10ms, 1).error().message, HasSubstr("--window 10.0 ms: shorter than"));
}

}  // namespace
}  // namespace uncork::cure
