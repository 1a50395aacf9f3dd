#include "stall/account.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "conversation.hpp"

namespace uncork::stall {
namespace {

TEST(Budget, is_lost_where_a_stall_was_and_busy_where_anything_was) {
  const Budget budget = budget_of({{Cause::nagle_delayed_ack, ms(40)},
                                   {Cause::send_buffer, ms(2)},
                                   {Cause::network, ms(3)},
                                   {Cause::local_think, ms(5)},
                                   {Cause::unattributed, ms(7)},
                                   {Cause::idle, ms(100)}});
  EXPECT_EQ(budget.total(), ms(157));
  EXPECT_EQ(budget.lost(), ms(42));
  EXPECT_EQ(budget.busy(), ms(57));
}

TEST(Budget, names_the_stall_that_cost_most) {
  EXPECT_EQ(budget_of({{Cause::nagle_round_trip, ms(3)}, {Cause::cork, ms(4)}}).worst(), Cause::cork);
}

TEST(Budget, has_no_worst_stall_however_long_it_thinks) {
  EXPECT_EQ(budget_of({{Cause::peer_think, ms(900)}, {Cause::unattributed, ms(900)}}).worst(), Cause::idle);
  EXPECT_EQ(Budget().worst(), Cause::idle);
}

TEST(Budget, of_two_equal_stalls_names_the_first_of_the_ledger) {
  EXPECT_EQ(budget_of({{Cause::send_buffer, ms(4)}, {Cause::nagle_round_trip, ms(4)}}).worst(), Cause::nagle_round_trip);
}

TEST(Account, of_nothing_has_ratios_of_zero) {
  const Account nothing;
  EXPECT_EQ(nothing.writes_per_exchange(), 0.0);
  EXPECT_EQ(nothing.bytes_per_write(), 0.0);
  EXPECT_EQ(nothing.lost_share(), 0.0);
}

TEST(Account, gives_the_write_pattern_and_the_share_of_busy_time_that_was_lost) {
  Account account;
  account.exchanges = 4;
  account.writes = 10;
  account.wrote_bytes = 250;
  account.budget = budget_of({{Cause::nagle_delayed_ack, ms(30)}, {Cause::network, ms(10)}, {Cause::idle, ms(1000)}});
  EXPECT_DOUBLE_EQ(account.writes_per_exchange(), 2.5);
  EXPECT_DOUBLE_EQ(account.bytes_per_write(), 25.0);
  EXPECT_DOUBLE_EQ(account.lost_share(), 0.75);
}

TEST(Account, that_was_only_idle_lost_no_share) {
  Account account;
  account.budget[Cause::idle] = ms(1000);
  EXPECT_EQ(account.lost_share(), 0.0);
}

TEST(Account, adds_up_what_was_late_by_all_causes_and_keeps_the_worst) {
  Account account;
  account.late_by[UNCORK_NAGLE_DELAYED_ACK] = {ms(80), 2, ms(41)};
  account.late_by[UNCORK_CORK] = {ms(200), 1, ms(200)};
  EXPECT_EQ(account.late(), (Late{ms(280), 3, ms(200)}));
  EXPECT_EQ(account.late(Cause::cork), (Late{ms(200), 1, ms(200)}));
}

TEST(Account, takes_everything_over_from_a_flow) {
  uncork_flow flow{};
  for (std::size_t i = 0; i < kCauses; ++i) flow.budget_us[i] = 10 + i;
  flow.exchanges = 1;
  flow.writes = 2;
  flow.wrote_bytes = 3;
  flow.received_bytes = 4;
  flow.holds = 5;
  flow.spurious_probes = 6;
  for (std::size_t i = 0; i < kStalls; ++i) {
    flow.late[i] = {1000 + i, static_cast<std::uint32_t>(20 + i), static_cast<std::uint32_t>(300 + i)};
  }
  for (std::size_t i = 0; i < UNCORK_LOG2_BUCKETS; ++i) {
    flow.hold_log2[i] = static_cast<std::uint32_t>(100 + i);
    flow.exchange_log2[i] = static_cast<std::uint32_t>(200 + i);
  }
  const Account account = account_of(flow);
  for (const Cause cause : all_causes()) EXPECT_EQ(account.budget[cause], us(10 + static_cast<int>(cause))) << name(cause);
  EXPECT_EQ(account.exchanges, 1U);
  EXPECT_EQ(account.writes, 2U);
  EXPECT_EQ(account.wrote_bytes, 3U);
  EXPECT_EQ(account.received_bytes, 4U);
  EXPECT_EQ(account.holds, 5U);
  EXPECT_EQ(account.spurious_probes, 6U);
  for (std::size_t i = 0; i < kStalls; ++i) {
    const auto n = static_cast<std::int64_t>(i);
    EXPECT_EQ(account.late(static_cast<Cause>(i)), (Late{us(1000 + n), 20 + i, us(300 + n)})) << i;
  }
  EXPECT_TRUE(std::ranges::equal(account.hold_log2, flow.hold_log2));
  EXPECT_TRUE(std::ranges::equal(account.exchange_log2, flow.exchange_log2));
}

Account any_account() {
  // Small enough that no sum of three wraps: what is tested is the sum, not its range.
  const auto count = [] { return *rc::gen::inRange<std::uint32_t>(0, 1U << 20); };
  Account account;
  for (const Cause cause : all_causes()) account.budget[cause] = us(count());
  account.exchanges = count();
  account.writes = count();
  account.wrote_bytes = count();
  account.received_bytes = count();
  account.holds = count();
  account.spurious_probes = count();
  for (Late& late : account.late_by) late = {us(count()), count(), us(count())};
  std::ranges::generate(account.hold_log2, count);
  std::ranges::generate(account.exchange_log2, count);
  return account;
}

bool same(const Account& a, const Account& b) {
  return a.budget == b.budget && a.exchanges == b.exchanges && a.writes == b.writes && a.wrote_bytes == b.wrote_bytes &&
         a.received_bytes == b.received_bytes && a.holds == b.holds && a.spurious_probes == b.spurious_probes &&
         a.late_by == b.late_by && a.hold_log2 == b.hold_log2 && a.exchange_log2 == b.exchange_log2;
}

Account sum(Account a, const Account& b) { return a += b; }

TEST(AccountProperty, sums_do_not_depend_on_their_order_and_nothing_adds_nothing) {
  EXPECT_TRUE(rc::check([] {
    const Account a = any_account(), b = any_account(), c = any_account();
    RC_ASSERT(same(sum(sum(a, b), c), sum(a, sum(b, c))));
    RC_ASSERT(same(sum(a, b), sum(b, a)));
    RC_ASSERT(same(sum(a, Account()), a));
    RC_ASSERT(same(sum(Account(), a), a));
  }));
}

TEST(AccountProperty, a_budget_taken_away_again_leaves_what_was) {
  EXPECT_TRUE(rc::check([] {
    const Budget a = any_account().budget, b = any_account().budget;
    Budget c = a;
    c += b;
    RC_ASSERT(c.total() == a.total() + b.total());
    RC_ASSERT(c.lost() == a.lost() + b.lost());
    c -= b;
    RC_ASSERT(c == a);
  }));
}

}  // namespace
}  // namespace uncork::stall
