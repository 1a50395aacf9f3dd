// The accounting that the kernel programs and the C++ ledger share, called as the kernel programs call it.

#include "stall/flow_ledger.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace {

constexpr uncork_u64 kOpened = 1'000'000;

// An event that meets no hold touches three lines of the ledger (and a bucket), so this is speed, not taste.
constexpr std::size_t line_of_budget(uncork_cause cause) {
  return (offsetof(uncork_flow, budget_us) + sizeof(uncork_u64) * std::size_t{cause}) / 64;
}
static_assert(offsetof(uncork_flow, wrote_bytes) == 64, "what every event decides by fills one cache line");
static_assert(offsetof(uncork_flow, last_exchange_us) < 128, "what it counts is in the next");
static_assert(offsetof(uncork_flow, exchange_log2) % 64 == 0, "a pass reads it in two lines");
static_assert(line_of_budget(UNCORK_NETWORK) == line_of_budget(UNCORK_IDLE), "what is charged while nothing is held is in one");
static_assert(UNCORK_CAUSES <= UNCORK_CAUSE_SLOTS && (UNCORK_CAUSE_SLOTS & (UNCORK_CAUSE_SLOTS - 1)) == 0);
static_assert(UNCORK_STALLS <= UNCORK_STALL_SLOTS && (UNCORK_STALL_SLOTS & (UNCORK_STALL_SLOTS - 1)) == 0);

uncork_flow open_flow(uncork_u8 role = UNCORK_ROLE_REQUESTER, uncork_u32 min_rtt_us = 100) {
  uncork_flow flow{};
  uncork_open(&flow, kOpened, role);
  flow.min_rtt_us = min_rtt_us;
  return flow;
}

/// A sender that is held for this reason: 60 bytes behind 40 in flight, or as few full segments as it takes.
uncork_sender held_sender(uncork_hold hold) {
  uncork_sender s{};
  s.mss_bytes = 1448;
  s.flight_bytes = 40;
  if (hold == UNCORK_HOLD_NONE) return s;
  s.unsent_bytes = 60;
  s.small_unacked = hold == UNCORK_HOLD_NAGLE;
  s.corked = hold == UNCORK_HOLD_CORK;
  s.window_limited = hold == UNCORK_HOLD_WINDOW;
  s.writer_blocked = hold == UNCORK_HOLD_BUFFER;
  s.congestion_limited = hold == UNCORK_HOLD_CONGESTION;
  s.paced = hold == UNCORK_HOLD_PACING;
  s.recovering = hold == UNCORK_HOLD_RECOVERY;
  EXPECT_EQ(uncork_hold_of(&s), hold);
  return s;
}

void look(uncork_flow& flow, uncork_u64 at_us, uncork_hold hold) {
  const uncork_sender sender = held_sender(hold);
  uncork_look(&flow, at_us, &sender);
}

/// Written and sent at once, up to sequence number `end`.
void wrote_and_sent(uncork_flow& flow, uncork_u64 at_us, uncork_u32 end = 40) {
  uncork_wrote(&flow, at_us, 0);
  uncork_sent(&flow, at_us, end, 0);
}

uncork_u64 charged(const uncork_flow& flow) {
  return std::accumulate(flow.budget_us, flow.budget_us + UNCORK_CAUSE_SLOTS, uncork_u64{0});
}

/// The other end of what a test says: the budget, what is pending, the hold so far and the clock agree.
void expect_no_time_lost(const uncork_flow& flow) {
  const uncork_u64 pending = std::accumulate(flow.pending_us, flow.pending_us + UNCORK_STALL_SLOTS, uncork_u64{0});
  EXPECT_EQ(charged(flow) + pending + flow.held_us, flow.charged_until_us - flow.opened_us);
}

/// A request of which 60 bytes are held from `kOpened` on, behind 40 in flight.
uncork_flow held_flow(uncork_hold hold) {
  uncork_flow flow = open_flow();
  wrote_and_sent(flow, kOpened);
  look(flow, kOpened, hold);
  return flow;
}

TEST(FlowLedger, counts_durations_by_powers_of_two) {
  const std::vector<std::pair<uncork_u64, unsigned>> table = {
      {0, 0},     {1, 0},      {2, 1},      {3, 1},      {4, 2},           {7, 2},           {8, 3},           {1023, 9},
      {1024, 10}, {40000, 15}, {65535, 15}, {65536, 16}, {1ULL << 31, 31}, {0xffffffff, 31}, {1ULL << 32, 31}, {~0ULL, 31}};
  for (const auto& [us, bucket] : table) {
    uncork_u32 buckets[UNCORK_LOG2_BUCKETS] = {};
    uncork_count_log2(buckets, us);
    EXPECT_EQ(buckets[bucket], 1U) << us << " us";
    EXPECT_EQ(std::accumulate(std::begin(buckets), std::end(buckets), 0U), 1U) << us << " us";
  }
}

TEST(FlowLedger, opens_with_nothing_charged) {
  const uncork_flow flow = open_flow();
  EXPECT_EQ(charged(flow), 0U);
  EXPECT_EQ(flow.exchanges, 0U);
  EXPECT_EQ(flow.opened_us, kOpened);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, collects_a_nagle_hold_which_is_pending_when_it_ends_and_lost_when_the_peer_answers) {
  uncork_flow flow = held_flow(UNCORK_HOLD_NAGLE);
  look(flow, kOpened + 10'000, UNCORK_HOLD_NAGLE);
  EXPECT_EQ(flow.held_us, 10'000U);
  uncork_acked(&flow, kOpened + 41'000, 1, 0);
  EXPECT_EQ(flow.held_us, 0U);
  EXPECT_EQ(flow.pending_us[UNCORK_NAGLE_DELAYED_ACK], 41'000U);
  EXPECT_EQ(charged(flow), 0U);
  EXPECT_EQ(flow.holds, 1U);
  EXPECT_EQ(flow.hold_log2[15], 1U);  // 2^15 = 32,768
  EXPECT_EQ(flow.hold, UNCORK_HOLD_NONE);
  expect_no_time_lost(flow);
  uncork_received(&flow, kOpened + 41'100);
  EXPECT_EQ(flow.budget_us[UNCORK_NAGLE_DELAYED_ACK], 41'000U);
  EXPECT_EQ(flow.budget_us[UNCORK_NETWORK], 100U);
  EXPECT_EQ(flow.pending, 0U);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, a_write_makes_local_thinking_of_what_is_pending) {
  uncork_flow flow = held_flow(UNCORK_HOLD_NAGLE);
  uncork_acked(&flow, kOpened + 41'000, 1, 0);
  uncork_wrote(&flow, kOpened + 50'000, 0);
  EXPECT_EQ(flow.budget_us[UNCORK_NAGLE_DELAYED_ACK], 0U);
  EXPECT_EQ(flow.budget_us[UNCORK_NETWORK], 100U);
  EXPECT_EQ(flow.budget_us[UNCORK_LOCAL_THINK], 49'900U);
  EXPECT_EQ(flow.pending, 0U);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, a_write_that_was_blocked_was_no_work_so_what_is_pending_is_lost) {
  for (const int continued : {0, 1}) {
    uncork_flow flow = held_flow(continued != 0 ? UNCORK_HOLD_WINDOW : UNCORK_HOLD_BUFFER);
    uncork_wrote(&flow, kOpened + 50'000, continued);
    uncork_sent(&flow, kOpened + 50'000, 140, 0);
    EXPECT_EQ(flow.budget_us[UNCORK_LOCAL_THINK], 0U);
    EXPECT_EQ(flow.budget_us[UNCORK_RECEIVE_WINDOW] + flow.pending_us[UNCORK_RECEIVE_WINDOW] + flow.budget_us[UNCORK_SEND_BUFFER],
              50'000U);
    expect_no_time_lost(flow);
  }
}

TEST(FlowLedger, a_hold_takes_in_what_comes_up_to_the_last_write_as_work) {
  uncork_flow flow = held_flow(UNCORK_HOLD_NAGLE);
  uncork_wrote(&flow, kOpened + 30'000, 0);
  look(flow, kOpened + 30'000, UNCORK_HOLD_NAGLE);
  EXPECT_EQ(flow.held_us, 30'000U);
  EXPECT_EQ(flow.worked_us, 30'000U);
  uncork_acked(&flow, kOpened + 41'000, 1, 0);
  EXPECT_EQ(flow.budget_us[UNCORK_LOCAL_THINK], 30'000U);
  EXPECT_EQ(flow.pending_us[UNCORK_NAGLE_DELAYED_ACK], 11'000U);
  EXPECT_EQ(flow.hold_log2[15], 1U) << "it lasted 41 ms all the same";
  expect_no_time_lost(flow);
}

TEST(FlowLedger, an_ack_that_does_not_cover_the_small_segment_leaves_the_hold_running) {
  uncork_flow flow = held_flow(UNCORK_HOLD_NAGLE);
  uncork_acked(&flow, kOpened + 5'000, 0, 0);
  EXPECT_EQ(flow.hold, UNCORK_HOLD_NAGLE);
  EXPECT_EQ(flow.holds, 0U);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, a_cork_that_the_timer_ends_is_pending_and_one_that_ends_sooner_was_the_applications_work) {
  uncork_flow timer = held_flow(UNCORK_HOLD_CORK);
  uncork_sent(&timer, kOpened + 200'000, 100, 0);
  EXPECT_EQ(timer.pending_us[UNCORK_CORK], 200'000U);
  expect_no_time_lost(timer);
  uncork_flow cleared = held_flow(UNCORK_HOLD_CORK);
  uncork_sent(&cleared, kOpened + 189'999, 100, 0);
  EXPECT_EQ(cleared.budget_us[UNCORK_LOCAL_THINK], 189'999U);
  EXPECT_EQ(cleared.pending, 0U);
  expect_no_time_lost(cleared);
}

TEST(FlowLedger, a_nagle_hold_that_nodelay_ends_was_the_applications_work) {
  uncork_flow flow = held_flow(UNCORK_HOLD_NAGLE);
  uncork_sent(&flow, kOpened + 20'000, 100, 1);
  EXPECT_EQ(flow.budget_us[UNCORK_LOCAL_THINK], 20'000U);
  EXPECT_EQ(flow.pending, 0U);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, an_ack_while_nothing_is_held_decides_nothing) {
  uncork_flow flow = open_flow();
  wrote_and_sent(flow, kOpened);
  uncork_acked(&flow, kOpened + 40'000, 1, 0);
  EXPECT_EQ(flow.charged_until_us, kOpened);
}

TEST(FlowLedger, a_hold_that_took_no_time_is_not_counted) {
  uncork_flow flow = held_flow(UNCORK_HOLD_CORK);
  uncork_sent(&flow, kOpened, 100, 0);
  EXPECT_EQ(flow.holds, 0U);
}

TEST(FlowLedger, the_interval_before_a_state_was_seen_belongs_to_that_state) {
  uncork_flow flow = held_flow(UNCORK_HOLD_NONE);
  look(flow, kOpened + 30'000, UNCORK_HOLD_WINDOW);  // the first look in 30 ms
  EXPECT_EQ(flow.charged_until_us, kOpened);
  uncork_received(&flow, kOpened + 50'000);
  EXPECT_EQ(flow.budget_us[UNCORK_RECEIVE_WINDOW], 50'000U);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, a_changed_hold_charges_the_old_one_up_to_the_change) {
  uncork_flow flow = held_flow(UNCORK_HOLD_CONGESTION);
  look(flow, kOpened + 10'000, UNCORK_HOLD_OTHER);
  look(flow, kOpened + 15'000, UNCORK_HOLD_RECOVERY);
  look(flow, kOpened + 18'000, UNCORK_HOLD_WINDOW);
  look(flow, kOpened + 19'000, UNCORK_HOLD_PACING);
  look(flow, kOpened + 21'000, UNCORK_HOLD_NONE);
  EXPECT_EQ(flow.pending_us[UNCORK_CONGESTION_WINDOW], 10'000U);
  EXPECT_EQ(flow.budget_us[UNCORK_UNATTRIBUTED], 5'000U);
  EXPECT_EQ(flow.pending_us[UNCORK_LOSS_RECOVERY], 3'000U);
  EXPECT_EQ(flow.pending_us[UNCORK_RECEIVE_WINDOW], 1'000U);
  EXPECT_EQ(flow.pending_us[UNCORK_PACING], 2'000U);
  EXPECT_EQ(flow.holds, 0U);  // counts Nagle's and cork's
  expect_no_time_lost(flow);
}

TEST(FlowLedger, a_full_buffer_is_the_paths_for_a_round_trip_and_then_the_readers) {
  uncork_flow flow = open_flow(UNCORK_ROLE_RESPONDER, 10'000);
  wrote_and_sent(flow, kOpened, 64'000);
  look(flow, kOpened, UNCORK_HOLD_BUFFER);
  uncork_wrote(&flow, kOpened + 50'000, 1);
  // A round trip, its quarter, and the processors' jitter.
  EXPECT_EQ(flow.budget_us[UNCORK_SEND_BUFFER], 12'500U);
  EXPECT_EQ(flow.budget_us[UNCORK_RECEIVE_WINDOW], 37'500U);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, spends_the_window_credit_first_then_the_buffers_then_charges_whose_turn_it_was) {
  uncork_flow flow = open_flow();
  wrote_and_sent(flow, kOpened);
  flow.window_credit_us = 4'000;
  flow.buffer_credit_us = 8'000;
  uncork_received(&flow, kOpened + 20'000);
  EXPECT_EQ(flow.budget_us[UNCORK_RECEIVE_WINDOW], 4'000U);
  EXPECT_EQ(flow.budget_us[UNCORK_SEND_BUFFER], 8'000U);
  EXPECT_EQ(flow.budget_us[UNCORK_PEER_THINK], 8'000U);
  EXPECT_EQ(flow.window_credit_us, 0U);
  EXPECT_EQ(flow.buffer_credit_us, 0U);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, keeps_the_credit_that_an_interval_was_too_short_for) {
  uncork_flow flow = open_flow();
  uncork_wrote(&flow, kOpened, 0);
  flow.window_credit_us = 3'000;
  flow.buffer_credit_us = 8'000;
  uncork_wrote(&flow, kOpened + 5'000, 1);
  EXPECT_EQ(flow.budget_us[UNCORK_RECEIVE_WINDOW], 3'000U);
  EXPECT_EQ(flow.budget_us[UNCORK_SEND_BUFFER], 2'000U);
  EXPECT_EQ(flow.buffer_credit_us, 6'000U);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, does_not_charge_the_window_twice_when_its_hold_was_seen_and_its_time_told) {
  uncork_flow flow = held_flow(UNCORK_HOLD_WINDOW);
  flow.window_credit_us = 12'000;
  uncork_sent(&flow, kOpened + 12'000, 100, 0);
  uncork_received(&flow, kOpened + 20'000);
  EXPECT_EQ(flow.budget_us[UNCORK_RECEIVE_WINDOW], 12'000U);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, a_retransmission_takes_a_nagle_hold_over_but_not_a_cork) {
  for (const auto& [hold, cause] :
       {std::pair(UNCORK_HOLD_NAGLE, UNCORK_LOSS_RECOVERY), std::pair(UNCORK_HOLD_CORK, UNCORK_CORK)}) {
    uncork_flow flow = held_flow(hold);
    uncork_retransmitted(&flow, kOpened + 200'000, 0);
    EXPECT_EQ(flow.hold, hold);  // the bytes still wait
    uncork_end_hold(&flow, kOpened + 200'000, UNCORK_ENDED_BY_ACK);
    EXPECT_EQ(flow.pending_us[cause], 200'000U);
    expect_no_time_lost(flow);
  }
}

TEST(FlowLedger, reading_twice_settles_once) {
  uncork_flow flow = open_flow(UNCORK_ROLE_RESPONDER);
  uncork_received(&flow, kOpened);
  uncork_read(&flow, kOpened + 2'000);
  uncork_read(&flow, kOpened + 9'000);
  EXPECT_EQ(flow.budget_us[UNCORK_READ_LAG], 2'000U);
  EXPECT_EQ(flow.charged_until_us, kOpened + 2'000);
}

TEST(FlowLedger, an_event_before_what_is_charged_charges_nothing) {
  uncork_flow flow = open_flow();
  wrote_and_sent(flow, kOpened + 1'000);
  uncork_received(&flow, kOpened + 5'000);
  const uncork_u64 before = charged(flow);
  uncork_received(&flow, kOpened + 2'000);
  uncork_wrote(&flow, 0, 0);
  uncork_retransmitted(&flow, kOpened - 1, 0);
  EXPECT_EQ(charged(flow), before);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, counts_the_wall_time_of_each_finished_exchange) {
  uncork_flow flow = open_flow();
  for (const uncork_u64 begin : {kOpened, kOpened + 100'000, kOpened + 200'000}) {
    wrote_and_sent(flow, begin);
    uncork_received(&flow, begin + 1'500);
  }
  EXPECT_EQ(flow.exchanges, 3U);
  EXPECT_EQ(flow.exchange_log2[10], 2U);  // 1,024 to 2,047 us; the third is running
  uncork_closed(&flow, kOpened + 900'000);
  EXPECT_EQ(flow.exchange_log2[10], 3U);
  EXPECT_EQ(flow.last_exchange_us, 1'500U);
}

TEST(FlowLedger, concluding_counts_what_is_pending_as_lost_and_the_hold_up_to_now) {
  uncork_flow flow = held_flow(UNCORK_HOLD_NAGLE);
  uncork_conclude(&flow, kOpened + 40'000);
  EXPECT_EQ(flow.budget_us[UNCORK_NAGLE_DELAYED_ACK], 40'000U);
  EXPECT_EQ(flow.held_us, 0U);
  expect_no_time_lost(flow);
}

TEST(FlowLedger, a_connection_that_carried_nothing_is_idle_and_has_no_exchange) {
  uncork_flow flow = open_flow();
  uncork_closed(&flow, kOpened + 5'000);
  EXPECT_EQ(flow.budget_us[UNCORK_IDLE], 5'000U);
  EXPECT_EQ(flow.exchanges, 0U);
  EXPECT_EQ(flow.exchange_log2[12], 0U);
}

bool has_a_part_of_stalls(const uncork_flow& flow) {
  for (std::size_t i = 0; i < std::size_t{UNCORK_STALLS}; ++i) {
    if (flow.budget_us[i] + flow.pending_us[i] + flow.late[i].sum_us + flow.late[i].writes + flow.late[i].worst_us != 0)
      return true;
  }
  return flow.holds != 0;
}

/// Some event, by a number, a while after the last one.
void happens(uncork_flow& flow, uncork_u64 at_us, unsigned event, unsigned hold) {
  switch (event) {
    case 0:
      return wrote_and_sent(flow, at_us, static_cast<uncork_u32>(at_us));
    case 1:
      return uncork_received(&flow, at_us);
    case 2:
      return uncork_read(&flow, at_us);
    case 3:
      return uncork_acked(&flow, at_us, 1, hold % 2 == 0);
    case 4:
      return uncork_waits(&flow, at_us, static_cast<uncork_u32>(at_us) + 60, 0);
    case 5:
      return uncork_retransmitted(&flow, at_us, 0);
    default:
      return look(flow, at_us, static_cast<uncork_hold>(hold));
  }
}

TEST(FlowLedger, says_in_a_bit_whether_there_is_anything_of_stalls) {
  std::minstd_rand random(1);
  std::size_t with = 0, without = 0;
  for (int connection = 0; connection < 2'000; ++connection) {
    uncork_flow flow = open_flow();
    uncork_u64 at_us = kOpened;
    const unsigned kinds = connection % 2 == 0 ? 4 : 8;  // of events: in half of the connections nothing is held
    for (int i = 0; i < 20; ++i) {
      happens(flow, at_us += random() % 60'000, static_cast<unsigned>(random() % kinds), static_cast<unsigned>(random() % 8));
      uncork_flow concluded = flow;
      uncork_conclude(&concluded, at_us + 1'000);
      for (const uncork_flow& each : {flow, concluded}) {
        const bool stalled = (each.late_cause & UNCORK_STALLED) != 0;
        ASSERT_TRUE(stalled || !has_a_part_of_stalls(each)) << "connection " << connection << ", event " << i;
        ++(stalled ? with : without);
      }
    }
  }
  EXPECT_GT(with, 1'000U);
  EXPECT_GT(without, 1'000U);
}

}  // namespace
