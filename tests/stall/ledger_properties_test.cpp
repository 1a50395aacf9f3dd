// What holds for every sequence of events, however absurd.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

#include "any_event.hpp"
#include "conversation.hpp"

namespace uncork::stall {
namespace {

bool same(const Exchange& a, const Exchange& b) { return a.begin == b.begin && a.end == b.end && a.budget == b.budget; }

TEST(LedgerProperty, every_microsecond_is_charged_once_after_every_event) {
  EXPECT_TRUE(rc::check([] {
    Ledger ledger;
    for (const Event& event : any_events(kStart)) {
      ledger.feed(event);
      const core::Micros charged = ledger.charged_until() - ledger.opened_at();
      RC_ASSERT(ledger.account().budget.total() + ledger.held() + ledger.pending() == charged);
      RC_ASSERT(ledger.concluded().budget.total() == charged);
      RC_ASSERT(ledger.held() >= us(0));
      RC_ASSERT(ledger.pending() >= us(0));
    }
  }));
}

TEST(LedgerProperty, each_exchange_adds_up_to_its_wall_time_and_none_overlap) {
  EXPECT_TRUE(rc::check([] {
    Ledger ledger;
    for (const Event& event : any_events(kStart)) ledger.feed(event);
    core::Time end = ledger.opened_at();
    const auto exchanges = ledger.take_exchanges();
    for (const Exchange& exchange : exchanges) {
      RC_ASSERT(exchange.begin >= end);
      RC_ASSERT(exchange.end >= exchange.begin);
      RC_ASSERT(exchange.budget.total() == exchange.wall());
      RC_ASSERT(exchange.budget[Cause::idle] == us(0));
      end = exchange.end;
    }
    RC_ASSERT(end <= ledger.charged_until());
    // The running one is not handed over yet; a closed connection has none.
    RC_ASSERT(ledger.account().exchanges - exchanges.size() <= 1U);
  }));
}

TEST(LedgerProperty, no_exchange_costs_more_than_the_connection) {
  EXPECT_TRUE(rc::check([] {
    Ledger ledger;
    for (const Event& event : any_events(kStart)) ledger.feed(event);
    Budget sum;
    for (const Exchange& exchange : ledger.take_exchanges()) sum += exchange.budget;
    const Budget whole = ledger.account().budget;
    for (const Cause cause : all_causes()) RC_ASSERT(sum[cause] <= whole[cause]);
  }));
}

TEST(LedgerProperty, an_account_only_grows) {
  EXPECT_TRUE(rc::check([] {
    Ledger ledger;
    Account before;
    core::Time until = core::Time::min();
    for (const Event& event : any_events(kStart)) {
      ledger.feed(event);
      const Account now = ledger.account();
      for (const Cause cause : all_causes()) RC_ASSERT(now.budget[cause] >= before.budget[cause]);
      RC_ASSERT(now.exchanges >= before.exchanges);
      RC_ASSERT(now.writes >= before.writes);
      RC_ASSERT(now.wrote_bytes >= before.wrote_bytes);
      RC_ASSERT(now.received_bytes >= before.received_bytes);
      RC_ASSERT(now.holds >= before.holds);
      RC_ASSERT(ledger.charged_until() >= until);
      until = ledger.charged_until();
      before = now;
    }
  }));
}

TEST(LedgerProperty, holds_and_exchanges_are_counted_as_often_as_their_histograms_say) {
  EXPECT_TRUE(rc::check([] {
    Ledger ledger;
    for (const Event& event : any_events(kStart)) ledger.feed(event);
    const Account account = ledger.account();
    std::uint64_t holds = 0, exchanges = 0;
    for (const auto count : account.hold_log2) holds += count;
    for (const auto count : account.exchange_log2) exchanges += count;
    RC_ASSERT(holds == account.holds);
    RC_ASSERT(exchanges == ledger.take_exchanges().size());
  }));
}

TEST(LedgerProperty, it_does_not_matter_when_the_ledger_is_looked_at) {
  EXPECT_TRUE(rc::check([] {
    const auto events = any_events(kStart);
    Ledger at_once;
    for (const Event& event : events) at_once.feed(event);

    Ledger in_parts;
    std::vector<Exchange> taken;
    for (const Event& event : events) {
      if (*rc::gen::arbitrary<bool>()) {
        for (Exchange& exchange : in_parts.take_exchanges()) taken.push_back(exchange);
        const Ledger copy = in_parts;  // a value: it can go on elsewhere
        in_parts = copy;
      }
      in_parts.feed(event);
    }
    for (Exchange& exchange : in_parts.take_exchanges()) taken.push_back(exchange);

    RC_ASSERT(in_parts.account().budget == at_once.account().budget);
    RC_ASSERT(in_parts.charged_until() == at_once.charged_until());
    RC_ASSERT(in_parts.held() == at_once.held());
    RC_ASSERT(in_parts.pending() == at_once.pending());
    const auto whole = at_once.take_exchanges();
    RC_ASSERT(taken.size() == whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) RC_ASSERT(same(taken[i], whole[i]));
  }));
}

TEST(LedgerProperty, a_sender_with_nodelay_and_without_cork_loses_nothing_to_nagle) {
  EXPECT_TRUE(rc::check([] {
    Ledger ledger;
    for (Event event : any_events(kStart)) {
      event.state.nodelay = true;
      if (ledger.account().budget.total() == us(0) && ledger.opened_at() == core::Time{}) event.kind = EventKind::opened;
      ledger.feed(event);
    }
    for (const Cause cause : {Cause::nagle_delayed_ack, Cause::nagle_round_trip}) {
      RC_ASSERT(ledger.concluded().budget[cause] == us(0));
      RC_ASSERT(ledger.account().late(cause) == Late());
    }
  }));
}

TEST(LedgerProperty, no_more_writes_are_late_than_were_made) {
  EXPECT_TRUE(rc::check([] {
    Ledger ledger;
    for (const Event& event : any_events(kStart)) {
      ledger.feed(event);
      const Account account = ledger.account();
      std::uint64_t writes = 0;
      for (std::size_t i = 0; i < kStalls; ++i) {
        const Late& late = account.late(static_cast<Cause>(i));
        RC_ASSERT(late.total >= us(0));
        writes += late.writes;
      }
      RC_ASSERT(writes <= account.writes);
    }
  }));
}

}  // namespace
}  // namespace uncork::stall
