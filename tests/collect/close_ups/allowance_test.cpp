// How much of a processor close-ups may use.

#include "collect/close_ups/allowance.hpp"

#include <gtest/gtest.h>

namespace uncork::collect {
namespace {

using std::chrono::milliseconds;

constexpr core::Time kBegin{std::chrono::seconds(100)};

TEST(Allowance, keeps_its_cadence_while_it_is_cheap) {
  Allowance allowance(milliseconds(50), 0.01);
  EXPECT_LE(allowance.next(), kBegin);
  allowance.spent(kBegin, core::Micros(300), 64);
  EXPECT_EQ(allowance.next(), kBegin + milliseconds(50));
}

TEST(Allowance, looks_at_fewer_where_each_costs_more) {
  Allowance allowance(milliseconds(50), 0.01);  // 500 us a round
  for (int i = 0; i < 20; ++i) allowance.spent(kBegin, core::Micros(64 * 50), 64);
  EXPECT_EQ(allowance.affordable(64), 10U);
  EXPECT_EQ(allowance.affordable(5), 5U);
}

TEST(Allowance, comes_later_where_not_even_one_can_be_paid_for) {
  Allowance allowance(milliseconds(50), 0.001);
  for (int i = 0; i < 20; ++i) allowance.spent(kBegin, core::Micros(400), 1);
  EXPECT_EQ(allowance.affordable(64), 1U);
  EXPECT_EQ(allowance.next(), kBegin + milliseconds(400));
}

TEST(Allowance, grows_again_when_it_is_cheap_again) {
  Allowance allowance(milliseconds(50), 0.01);
  for (int i = 0; i < 20; ++i) allowance.spent(kBegin, core::Micros(3200), 64);
  for (int i = 0; i < 20; ++i) allowance.spent(kBegin, core::Micros(30), 10);
  EXPECT_EQ(allowance.affordable(64), 64U);
}

/// Whatever a socket costs, over many rounds the share is not exceeded by more than the first rounds, which have to find out.
TEST(Allowance, holds_its_share_over_time) {
  for (const double socket_us : {1.0, 7.0, 90.0, 2500.0}) {
    for (const double share : {0.001, 0.01, 0.1}) {
      Allowance allowance(milliseconds(20), share);
      core::Time now = kBegin;
      double cpu_us = 0;
      for (int i = 0; i < 10'000; ++i) {
        const std::size_t sockets = allowance.affordable(64);
        const double cost = socket_us * static_cast<double>(sockets);
        allowance.spent(now, core::Micros(static_cast<std::int64_t>(cost)), sockets);
        cpu_us += cost;
        now = allowance.next();
      }
      EXPECT_LE(cpu_us, 1.02 * share * static_cast<double>((now - kBegin).count())) << socket_us << " us, " << share;
    }
  }
}

}  // namespace
}  // namespace uncork::collect
