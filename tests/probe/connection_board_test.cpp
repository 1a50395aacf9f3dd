#include "probe/connection_board.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace uncork::probe {
namespace {

using stall::Cause;
using stall::Process;

const core::Time kStart{std::chrono::seconds(1000)};
constexpr core::Micros ms(std::int64_t count) { return core::Micros(count * 1000); }

/// One end on loopback that lost `lost` to a delayed ACK.
ConnectionRow row(std::uint64_t cookie, core::Micros lost, Process process = {4711, "server"}) {
  ConnectionRow row;
  row.where.cookie = cookie;
  row.where.process = std::move(process);
  row.where.local = core::parse_endpoint("127.0.0.1:8001").value();
  row.where.remote = core::parse_endpoint("127.0.0.1:50314").value();
  row.where.netns = "blue";
  row.account.budget[Cause::nagle_delayed_ack] = lost;
  row.account.exchanges = 1;
  return row;
}

/// The other end of row(), as its own process sees it.
ConnectionRow other_end(std::uint64_t cookie, Process process = {815, "client"}) {
  ConnectionRow other = row(cookie, core::Micros(0), std::move(process));
  std::swap(other.where.local, other.where.remote);
  return other;
}

ConnectionRow ended(ConnectionRow row) {
  row.ended = true;
  row.fd = -1;
  return row;
}

ConnectionRow in(std::string netns, ConnectionRow row) {
  row.where.netns = std::move(netns);
  return row;
}

ConnectionRow routed(ConnectionRow row) {
  for (core::Endpoint* endpoint : {&row.where.local, &row.where.remote}) endpoint->bytes[0] = 198;
  return row;
}

ConnectionBoard board(Wanted wanted = {}) { return {std::move(wanted), stall::Confidence::witnessed}; }

Wanted of_process(std::int32_t pid) {
  return [pid](const ConnectionRow& row) { return row.where.process.pid == pid; };
}

stall::Threshold at_least(core::Micros lost) {
  stall::Threshold threshold;
  threshold.least_lost = lost;
  return threshold;
}

std::vector<std::uint64_t> cookies(const ConnectionBoard& board, core::Micros least = core::Micros(0)) {
  std::vector<std::uint64_t> cookies;
  for (const auto& line : board.lines(at_least(least))) cookies.push_back(line.verdict.where.cookie);
  return cookies;
}

using Cookies = std::vector<std::uint64_t>;

TEST(ConnectionBoard, concludes_from_what_it_was_fed) {
  ConnectionBoard b({}, stall::Confidence::sampled);
  b.update({row(1, ms(40))}, kStart);
  const auto lines = b.lines(at_least(ms(1)));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].verdict.lost, ms(40));
  EXPECT_EQ(lines[0].verdict.cause, Cause::nagle_delayed_ack);
  EXPECT_EQ(lines[0].verdict.confidence, stall::Confidence::sampled);
  EXPECT_FALSE(lines[0].ended);
}

TEST(ConnectionBoard, leaves_out_who_lost_less_than_asked_for_and_always_who_lost_nothing) {
  ConnectionBoard b = board();
  b.update({row(1, ms(40)), row(2, ms(39)), row(3, ms(0))}, kStart);
  EXPECT_EQ(cookies(b, ms(40)), (Cookies{1}));
  EXPECT_EQ(cookies(b), (Cookies{1, 2}));
  EXPECT_EQ(b.seen(), 3U);
}

TEST(ConnectionBoard, counts_a_connection_once_and_not_by_its_ends) {
  ConnectionBoard b = board();
  b.update({row(1, ms(40)), other_end(2)}, kStart);
  EXPECT_EQ(b.seen(), 1U);
  ConnectionRow losing = other_end(4);
  losing.account = row(4, ms(30)).account;
  b.update({row(3, ms(40)), losing}, kStart + ms(10));  // the same addresses again
  EXPECT_EQ(b.seen(), 2U);
  EXPECT_EQ(cookies(b), (Cookies{3, 4, 1}));
  EXPECT_EQ(ConnectionBoard::connections_that_matter({}), 0U);
  ConnectionBoard both = board();
  both.update({row(3, ms(40)), losing}, kStart);
  EXPECT_EQ(ConnectionBoard::connections_that_matter(both.lines(at_least(ms(1)))), 1U);
}

TEST(ConnectionBoard, shows_the_rate_of_loss_between_two_updates) {
  ConnectionBoard b = board();
  b.update({row(1, ms(100))}, kStart);
  b.update({row(1, ms(160))}, kStart + ms(500));
  EXPECT_DOUBLE_EQ(b.lines(at_least(ms(1))).at(0).lost_ms_per_second, 120.0);
  b.update({row(1, ms(160))}, kStart + ms(1000));
  EXPECT_DOUBLE_EQ(b.lines(at_least(ms(1))).at(0).lost_ms_per_second, 0.0);
}

TEST(ConnectionBoard, a_connection_that_is_not_told_of_loses_nothing_meanwhile) {
  ConnectionBoard b = board();
  b.update({}, kStart);
  b.update({row(1, ms(100))}, kStart + ms(500));
  EXPECT_DOUBLE_EQ(b.lines(at_least(ms(1))).at(0).lost_ms_per_second, 200.0);
  b.update({}, kStart + ms(1000));
  EXPECT_DOUBLE_EQ(b.lines(at_least(ms(1))).at(0).lost_ms_per_second, 0.0);
}

TEST(ConnectionBoard, two_updates_at_the_same_moment_do_not_divide_by_zero) {
  ConnectionBoard b = board();
  b.update({row(1, ms(1))}, kStart);
  b.update({row(1, ms(2))}, kStart);
  EXPECT_DOUBLE_EQ(b.lines(at_least(ms(1))).at(0).lost_ms_per_second, 1000.0);  // as if a millisecond apart
}

TEST(ConnectionBoard, puts_the_fastest_loser_first_and_then_who_lost_most) {
  ConnectionBoard b = board();
  b.update({row(1, ms(500)), row(2, ms(10)), row(3, ms(700))}, kStart);
  b.update({row(1, ms(500)), row(2, ms(50)), row(3, ms(700))}, kStart + ms(500));
  EXPECT_EQ(cookies(b), (Cookies{2, 3, 1}));
}

// --- filters ---

TEST(ConnectionBoard, keeps_to_a_process) {
  ConnectionBoard b = board(of_process(4711));
  b.update({row(1, ms(40)), row(2, ms(40), {815, "client"})}, kStart);
  EXPECT_EQ(cookies(b), (Cookies{1}));
  EXPECT_EQ(b.seen(), 1U);
}

TEST(ConnectionBoard, a_connection_that_was_wanted_once_stays_so) {
  ConnectionBoard b = board([](const ConnectionRow& row) { return row.account.budget.lost() == ms(40); });
  b.update({row(1, ms(10)), row(2, ms(10))}, kStart);
  EXPECT_EQ(b.seen(), 0U);
  b.update({row(1, ms(40)), row(2, ms(20))}, kStart + ms(500));
  b.update({row(1, ms(70)), row(2, ms(30))}, kStart + ms(1000));
  EXPECT_EQ(cookies(b), (Cookies{1}));
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.lost, ms(70));
}

TEST(ConnectionBoard, names_the_peer_though_the_filter_leaves_it_out) {
  ConnectionBoard b = board(of_process(4711));
  b.update({row(1, ms(40)), other_end(2)}, kStart);
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, (Process{815, "client"}));
}

// --- who is at the other end ---

TEST(ConnectionBoard, names_both_ends_when_both_are_here) {
  ConnectionBoard b = board();
  b.update({row(1, ms(40)), other_end(2)}, kStart);
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, (Process{815, "client"}));
}

TEST(ConnectionBoard, names_no_peer_that_it_has_not_seen) {
  ConnectionBoard b = board();
  b.update({row(1, ms(40))}, kStart);
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, std::nullopt);
}

TEST(ConnectionBoard, does_not_take_the_loopback_of_another_namespace_for_the_peer) {
  ConnectionBoard b = board();
  b.update({row(1, ms(40)), in("red", other_end(2))}, kStart);
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, std::nullopt);
}

TEST(ConnectionBoard, pairs_routed_addresses_across_namespaces) {
  ConnectionBoard b = board();
  b.update({routed(row(1, ms(40))), in("red", routed(other_end(2)))}, kStart);
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, (Process{815, "client"}));
}

TEST(ConnectionBoard, tells_the_ipv6_loopbacks_of_two_namespaces_apart) {
  const auto v6 = [](ConnectionRow r) {
    r.where.local.family = r.where.remote.family = core::Endpoint::Family::v6;
    r.where.local.bytes = r.where.remote.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return r;
  };
  ConnectionBoard b = board();
  b.update({v6(row(1, ms(40))), in("red", v6(other_end(2)))}, kStart);
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, std::nullopt);
  b.update({v6(row(1, ms(40))), v6(other_end(3))}, kStart);
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, (Process{815, "client"}));
}

TEST(ConnectionBoard, a_peer_whose_process_is_not_known_is_no_peer) {
  ConnectionBoard b = board();
  b.update({row(1, ms(40)), other_end(2, {})}, kStart);
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, std::nullopt);
}

TEST(ConnectionBoard, remembers_a_peer_that_has_ended) {
  ConnectionBoard b = board();
  b.update({row(1, ms(40)), other_end(2)}, kStart);
  b.update({row(1, ms(40)), ended(other_end(2, {}))}, kStart + ms(500));  // its last row does not know it any more
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, (Process{815, "client"}));
  b.update({row(1, ms(40))}, kStart + ms(1000));
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, (Process{815, "client"}));
}

TEST(ConnectionBoard, prefers_the_living_owner_of_an_address_that_was_used_again) {
  ConnectionBoard b = board();
  b.update({ended(other_end(2, {100, "old"}))}, kStart);
  b.update({row(1, ms(40)), other_end(3, {200, "new"})}, kStart + ms(500));
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.peer, (Process{200, "new"}));
}

// --- endings ---

TEST(ConnectionBoard, an_ended_connection_stays_with_its_last_account) {
  ConnectionBoard b = board();
  b.update({row(1, ms(40))}, kStart);
  b.update({ended(row(1, ms(55)))}, kStart + ms(500));
  b.update({}, kStart + ms(1000));
  const auto lines = b.lines(at_least(ms(1)));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].ended);
  EXPECT_EQ(lines[0].verdict.lost, ms(55));
  EXPECT_EQ(b.seen(), 1U);
}

TEST(ConnectionBoard, a_process_that_is_not_known_at_the_end_is_the_one_known_before) {
  ConnectionBoard b = board();
  b.update({row(1, ms(40))}, kStart);
  b.update({ended(row(1, ms(55), {}))}, kStart + ms(500));
  EXPECT_EQ(b.lines(at_least(ms(1))).at(0).verdict.where.process, (Process{4711, "server"}));
}

TEST(ConnectionBoard, the_end_of_a_wanted_process_connection_counts_though_its_last_row_names_another_or_none) {
  for (const Process& named : {Process{}, Process{815, "parent"}}) {
    ConnectionBoard b = board(of_process(4711));
    b.update({row(1, ms(40))}, kStart);
    b.update({ended(row(1, ms(55), named))}, kStart + ms(500));
    const auto lines = b.lines(at_least(ms(1)));
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].ended) << named.pid;
    EXPECT_EQ(lines[0].verdict.lost, ms(55)) << named.pid;
    EXPECT_EQ(lines[0].verdict.where.process.pid, 4711) << named.pid;
  }
}

TEST(ConnectionBoard, says_whose_socket_a_cookie_is) {
  ConnectionBoard b = board();
  b.update({row(1, ms(0))}, kStart);
  ASSERT_NE(b.end_of(1), nullptr);
  EXPECT_EQ(b.end_of(1)->process.pid, 4711);
  EXPECT_EQ(b.end_of(2), nullptr);
}

TEST(ConnectionBoard, forgets_the_ended_that_lost_least_when_they_are_too_many_and_counts_them) {
  constexpr std::size_t kMost = ConnectionBoard::kMostEnded;
  ConnectionBoard b = board();
  std::vector<ConnectionRow> rows;
  for (std::uint64_t cookie = 1; cookie <= kMost; ++cookie) {
    rows.push_back(ended(row(cookie, core::Micros(static_cast<std::int64_t>(cookie)))));
  }
  rows.push_back(row(50'000, core::Micros(1)));  // alive, so it stays though it lost least
  b.update(rows, kStart);
  EXPECT_EQ(b.forgotten(), 0U);
  b.update({ended(row(kMost + 1, ms(900)))}, kStart + ms(500));
  EXPECT_EQ(b.forgotten(), kMost + 1 - kMost / 2);
  EXPECT_EQ(b.seen(), kMost + 2);
  const auto left = cookies(b);
  EXPECT_EQ(left.size(), kMost / 2 + 1);
  EXPECT_NE(std::ranges::find(left, 50'000U), left.end());
  EXPECT_EQ(std::ranges::count_if(left, [](auto cookie) { return cookie <= kMost / 2; }), 0);
}

}  // namespace
}  // namespace uncork::probe
