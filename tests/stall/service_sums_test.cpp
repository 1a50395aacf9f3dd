// The sums of a service: what is folded in twice counts once, what turned out otherwise is taken back, times are true to 1/16.
#include "stall/service_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "stall/exchange_times.hpp"

namespace uncork::stall {
namespace {

const uncork_threshold kThreshold = {1000, 1000, 20'000, 5};

struct Folding {
  std::unique_ptr<uncork_service_sums> sums = std::make_unique<uncork_service_sums>();
  std::unique_ptr<uncork_folded> last = std::make_unique<uncork_folded>();
  std::unique_ptr<uncork_flow> flow = std::make_unique<uncork_flow>();

  void fold(uncork_u32 flags = UNCORK_FOLD_OPEN) { uncork_fold(sums.get(), last.get(), flow.get(), &kThreshold, flags); }
};

TEST(ServiceSums, hold_what_a_ledger_holds_however_often_it_is_folded_in) {
  Folding f;
  f.flow->budget_us[UNCORK_NAGLE_DELAYED_ACK] = 40'000;
  f.flow->budget_us[UNCORK_IDLE] = 7;
  f.flow->exchanges = 3;
  f.flow->writes = 9;
  f.flow->wrote_bytes = 900;
  f.flow->received_bytes = 90;
  f.flow->holds = 2;
  f.flow->hold_log2[15] = 2;
  f.flow->late[UNCORK_NAGLE_DELAYED_ACK] = {80'000, 2, 41'000};
  for (int i = 0; i < 3; ++i) f.fold();
  EXPECT_EQ(f.sums->budget_us[UNCORK_NAGLE_DELAYED_ACK], 40'000U);
  EXPECT_EQ(f.sums->budget_us[UNCORK_IDLE], 7U);
  EXPECT_EQ(f.sums->exchanges, 3U);
  EXPECT_EQ(f.sums->writes, 9U);
  EXPECT_EQ(f.sums->wrote_bytes, 900U);
  EXPECT_EQ(f.sums->received_bytes, 90U);
  EXPECT_EQ(f.sums->holds, 2U);
  EXPECT_EQ(f.sums->hold_log2[15], 2U);
  EXPECT_EQ(f.sums->late_us[UNCORK_NAGLE_DELAYED_ACK], 80'000U);
  EXPECT_EQ(f.sums->late_writes[UNCORK_NAGLE_DELAYED_ACK], 2U);
  EXPECT_EQ(f.sums->late_worst_us[UNCORK_NAGLE_DELAYED_ACK], 41'000U);
  EXPECT_EQ(f.sums->open, 1U);
  EXPECT_EQ(f.sums->losers, 1U);
  f.fold(0);
  EXPECT_EQ(f.sums->open, 0U);
  EXPECT_EQ(f.sums->losers, 1U);
}

TEST(ServiceSums, take_back_what_turned_out_otherwise) {
  Folding f;
  f.flow->exchanges = 1;
  f.flow->budget_us[UNCORK_CORK] = 200'000;  // as it looks: the hold is concluded
  f.flow->holds = 1;
  f.flow->hold_log2[17] = 1;
  f.fold();
  EXPECT_EQ(f.sums->losers, 1U);
  EXPECT_EQ(f.sums->losers_by[UNCORK_CORK], 1U);
  f.flow->budget_us[UNCORK_NAGLE_DELAYED_ACK] = 300'000;
  f.fold();
  EXPECT_EQ(f.sums->losers, 1U);
  EXPECT_EQ(f.sums->losers_by[UNCORK_CORK], 0U);
  EXPECT_EQ(f.sums->losers_by[UNCORK_NAGLE_DELAYED_ACK], 1U);
  f.flow->budget_us[UNCORK_NAGLE_DELAYED_ACK] = 0;
  f.flow->budget_us[UNCORK_CORK] = 0;  // the application was at work until then
  f.flow->budget_us[UNCORK_LOCAL_THINK] = 210'000;
  f.flow->hold_log2[17] = 0;
  f.flow->holds = 0;
  f.fold();
  EXPECT_EQ(f.sums->budget_us[UNCORK_CORK], 0U);
  EXPECT_EQ(f.sums->budget_us[UNCORK_LOCAL_THINK], 210'000U);
  EXPECT_EQ(f.sums->holds, 0U);
  EXPECT_EQ(f.sums->hold_log2[17], 0U);
  EXPECT_EQ(f.sums->losers, 0U);
  for (const std::uint64_t of : f.sums->losers_by) EXPECT_EQ(of, 0U);
}

TEST(ServiceSums, count_connections_by_their_option) {
  Folding a;
  a.flow->exchanges = 1;
  a.fold(UNCORK_FOLD_OPEN | UNCORK_FOLD_NODELAY);
  EXPECT_EQ(a.sums->nodelay, 1U);
  a.fold(UNCORK_FOLD_OPEN);
  EXPECT_EQ(a.sums->nodelay, 0U);
}

TEST(ServiceSums, an_exchange_that_is_taken_back_leaves_nothing) {
  const auto sums = std::make_unique<uncork_service_sums>();
  uncork_counted counted{};
  counted.lost_us = 40'000;
  counted.bucket = 100;
  counted.place = 1;
  counted.request = 6;
  counted.answer = 13;
  uncork_count_exchange(sums.get(), &counted, 1);
  uncork_count_exchange(sums.get(), &counted, 1);
  EXPECT_EQ(sums->times[100], 2U);
  EXPECT_EQ(sums->by_place[1].lost_us, 80'000U);
  EXPECT_EQ(sums->by_answer[13].exchanges, 2U);
  uncork_count_exchange(sums.get(), &counted, -1);
  EXPECT_EQ(sums->times[100], 1U);
  EXPECT_EQ(sums->by_request[6].exchanges, 1U);
  EXPECT_EQ(sums->by_request[6].lost_us, 40'000U);
}

TEST(ServiceSums, exchanges_that_waited_are_counted_by_their_place_and_sizes) {
  const auto sums = std::make_unique<uncork_service_sums>();
  const auto notes = std::make_unique<uncork_notes>();
  notes->of[0] = {100, 0, 20, 72};
  notes->of[1] = {44'000, 40'000, 20, 9'000};
  notes->of[2] = {44'000, 30'000, 0, 9'000};
  notes->of[3] = {1, 1, 1, 1};  // not asked for
  uncork_count_noted(sums.get(), notes.get(), 3, 1);
  EXPECT_EQ(sums->times[uncork_time_bucket(100)], 1U);
  EXPECT_EQ(sums->times[uncork_time_bucket(44'000)], 2U);
  for (const std::size_t place : {0U, 1U, 2U}) EXPECT_EQ(sums->by_place[place].exchanges, 1U) << place;
  EXPECT_EQ(sums->by_place[1].lost_us, 40'000U);
  EXPECT_EQ(sums->by_request[4].exchanges, 2U);
  EXPECT_EQ(sums->by_request[0].exchanges, 1U);
  EXPECT_EQ(sums->by_answer[6].exchanges, 1U);
  EXPECT_EQ(sums->by_answer[13].exchanges, 2U);
  EXPECT_EQ(sums->by_answer[13].lost_us, 70'000U);
  uncork_count_noted(sums.get(), notes.get(), 2, 7);
  EXPECT_EQ(sums->by_place[2].exchanges, 3U) << "the third and all later ones";
}

TEST(ServiceSums, a_connection_matters_as_in_a_verdict) {
  uncork_flow f{};
  f.exchanges = 100;
  f.budget_us[UNCORK_NAGLE_ROUND_TRIP] = 900;
  EXPECT_FALSE(uncork_matters(&f, &kThreshold)) << "less than the least";
  f.budget_us[UNCORK_NAGLE_ROUND_TRIP] = 2'000;
  EXPECT_TRUE(uncork_matters(&f, &kThreshold)) << "all of its time";
  f.budget_us[UNCORK_NETWORK] = 200'000;
  EXPECT_FALSE(uncork_matters(&f, &kThreshold)) << "less than 2 %";
  f.budget_us[UNCORK_NAGLE_ROUND_TRIP] = 100'000;
  EXPECT_TRUE(uncork_matters(&f, &kThreshold)) << "1 ms an exchange";
  f.budget_us[UNCORK_NAGLE_ROUND_TRIP] = 0;
  f.budget_us[UNCORK_CONGESTION_WINDOW] = 10'000;
  EXPECT_FALSE(uncork_matters(&f, &kThreshold)) << "limits count for a fifth";
  f.budget_us[UNCORK_CONGESTION_WINDOW] = 30'000;
  EXPECT_TRUE(uncork_matters(&f, &kThreshold));
}

TEST(ExchangeTimes, quantiles_are_true_to_six_percent) {
  std::mt19937_64 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same numbers each time
  for (const double scale : {20.0, 800.0, 44'000.0, 3e6}) {
    ExchangeTimes times;
    std::vector<std::int64_t> all;
    std::lognormal_distribution<double> spread(0, 1);
    for (int i = 0; i < 20'000; ++i) {
      all.push_back(static_cast<std::int64_t>(scale * spread(random)));
      times.add(core::Micros(all.back()));
    }
    std::sort(all.begin(), all.end());
    for (const double q : {0.01, 0.5, 0.9, 0.99}) {
      const auto truth = static_cast<double>(all[static_cast<std::size_t>(q * 20'000) - 1]);
      EXPECT_NEAR(static_cast<double>(times.quantile(q).count()), truth, 0.06 * truth + 0.5) << scale << " " << q;
    }
    EXPECT_EQ(times.count(), 20'000U);
  }
}

TEST(ExchangeTimes, every_duration_has_a_bucket_and_buckets_rise) {
  uncork_u32 before = 0;
  for (uncork_u64 us = 0; us < (uncork_u64{1} << 33); us = us + us / 64 + 1) {
    const uncork_u32 bucket = uncork_time_bucket(us);
    ASSERT_LT(bucket, static_cast<uncork_u32>(UNCORK_TIME_BUCKETS));
    ASSERT_GE(bucket, before);
    ASSERT_LE(bucket, before + 1);
    before = bucket;
  }
  EXPECT_EQ(before, UNCORK_TIME_BUCKETS - 1);
  EXPECT_EQ(ExchangeTimes().quantile(0.5), core::Micros(0));
}

}  // namespace
}  // namespace uncork::stall
