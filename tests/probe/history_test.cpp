#include "probe/look/history.hpp"

#include <gtest/gtest.h>

#include "probe/look/request_history.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;
using KeepRows = SocketHistory::KeepRows;
using LastRow = SocketHistory::LastRow;

Row socket(std::uint64_t cookie) {
  Row row;
  row.inet_diag_msg_socket_cookie = cookie;
  row.inet_diag_msg_state = 1;
  row.inet_diag_msg_inode = static_cast<std::uint32_t>(1000 + cookie);
  row.tcp_info_bytes_sent = 100 * cookie;
  row.blocks |= record::Blocks(Block::owner) | Block::cookie;
  return row;
}

std::vector<Row> sockets(std::initializer_list<std::uint64_t> cookies) {
  std::vector<Row> rows;
  for (const std::uint64_t cookie : cookies) rows.push_back(socket(cookie));
  return rows;
}

class History : public ::testing::Test {
 protected:
  /// One look: what it counts against those before it.
  Coverage look(const std::vector<Row>& rows, bool whole = true) {
    Coverage coverage;
    if (whole)
      history_.compare(rows, true,
                       {.is_told = [this](std::uint64_t cookie) { return cookie == told_; },
                        .is_held = [this](std::uint64_t inode) { return inode == held_; }},
                       coverage);
    history_.remember(rows, whole, KeepRows::yes);
    return coverage;
  }
  SocketHistory history_;
  std::uint64_t told_ = 0;
  std::uint64_t held_ = 0;
};

TEST_F(History, has_the_rows_of_the_last_look_and_of_what_is_gone_since_the_one_before) {
  look(sockets({1, 2}));
  ASSERT_NE(history_.row_of(2), nullptr);
  EXPECT_EQ(history_.row_of(2)->tcp_info_bytes_sent, 200U);
  EXPECT_EQ(history_.row_of(3), nullptr);
  look(sockets({1}));
  ASSERT_NE(history_.row_of(2), nullptr);
  EXPECT_EQ(history_.row_of(2)->tcp_info_bytes_sent, 200U);
  look(sockets({1}));
  EXPECT_EQ(history_.row_of(2), nullptr);
  history_.remember(sockets({1}), true, KeepRows::no);
  EXPECT_EQ(history_.row_of(1), nullptr) << "rows are not kept";
}

TEST_F(History, keeps_no_rows_of_what_has_no_owner) {
  Row waiting = socket(5);
  waiting.blocks = waiting.blocks.without(Block::owner);  // TIME_WAIT
  look({waiting});
  EXPECT_EQ(history_.row_of(5), nullptr);
}

TEST_F(History, counts_what_one_look_missed_between_two) {
  look(sockets({1, 2}));
  look(sockets({1}));
  EXPECT_EQ(look(sockets({1, 2})).missed_cookies, 1U);
  EXPECT_EQ(look(sockets({1, 2})).missed_cookies, 0U) << "once";
}

TEST_F(History, counts_once_what_went_without_a_word) {
  look(sockets({1, 2, 3}));
  history_.note_ended(3, LastRow::at_free);
  EXPECT_EQ(look(sockets({1})).unended_cookies, 0U) << "the word may still be on its way";
  EXPECT_EQ(look(sockets({1})).unended_cookies, 1U);
  EXPECT_EQ(look(sockets({1})).unended_cookies, 0U);
}

TEST_F(History, does_not_count_an_end_that_is_known_from_elsewhere) {
  told_ = 2;
  look(sockets({1, 2}));
  look(sockets({1}));
  EXPECT_EQ(look(sockets({1})).unended_cookies, 0U);
}

TEST_F(History, awaits_the_end_of_what_is_held_and_counts_it_when_it_is_let_go_without_a_word) {
  look(sockets({1, 2}));
  held_ = 1002;
  look(sockets({1}));
  for (int again = 0; again < 5; ++again) EXPECT_EQ(look(sockets({1})).unended_cookies, 0U);
  ASSERT_NE(history_.row_of(2), nullptr);
  EXPECT_EQ(history_.row_of(2)->tcp_info_bytes_sent, 200U) << "for its last row";
  held_ = 0;
  EXPECT_EQ(look(sockets({1})).unended_cookies, 0U) << "the word may still be on its way";
  EXPECT_EQ(look(sockets({1})).unended_cookies, 1U);
  EXPECT_EQ(look(sockets({1})).unended_cookies, 0U);
}

TEST_F(History, forgets_what_it_awaited_when_the_word_comes) {
  look(sockets({1, 2}));
  held_ = 1002;
  for (int again = 0; again < 3; ++again) look(sockets({1}));
  held_ = 0;
  look(sockets({1}));
  history_.note_ended(2, LastRow::at_free);
  EXPECT_EQ(look(sockets({1})).unended_cookies, 0U);
  EXPECT_EQ(look(sockets({1})).unended_cookies, 0U);
  EXPECT_EQ(history_.row_of(2), nullptr);
}

TEST_F(History, compares_whole_looks_only) {
  look(sockets({1, 2}));
  look(sockets({1}), false);
  EXPECT_EQ(look(sockets({1, 2})).missed_cookies, 0U);
}

TEST_F(History, remembers_ends_over_three_looks) {
  history_.note_ended(1, LastRow::at_end);
  history_.note_ended(2, LastRow::at_free);
  for (int looks = 0; looks < 3; ++looks) {
    EXPECT_TRUE(history_.has_ended(1) && history_.has_ended(2)) << looks;
    EXPECT_TRUE(history_.was_freed(2) && !history_.was_freed(1)) << looks;
    look({});
  }
  EXPECT_FALSE(history_.has_ended(1) || history_.has_ended(2) || history_.was_freed(2));
}

TEST_F(History, knows_what_is_gone_and_has_no_last_row) {
  look(sockets({1, 2, 3}));
  history_.note_ended(3, LastRow::at_end);
  CookieMap now;
  now.insert(1, 0);
  const auto gone = history_.gone(now);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].inet_diag_msg_socket_cookie, 2U);
  EXPECT_EQ(gone[0].tcp_info_bytes_sent, 200U);
}

Row request(std::uint64_t cookie, std::uint32_t retries) {
  Row row;
  row.inet_diag_msg_socket_cookie = cookie;
  row.inet_diag_msg_state = 3;
  row.inet_diag_msg_retrans = retries;
  row.blocks |= record::Blocks(Block::cookie) | Block::timer;
  return row;
}

TEST(Requests, never_became_connections_when_they_are_gone_and_nothing_has_their_cookie) {
  RequestHistory history;
  std::vector<Row> rows;
  const auto is_two = [](const Row& row) { return row.inet_diag_msg_socket_cookie == 2; };
  Row full = request(4, 1);
  full.blocks |= Block::queues;  // a connection whose own SYN crossed another
  history.compare({request(1, 1), request(2, 3), request(3, 0), full}, is_two, rows);
  EXPECT_TRUE(rows.empty());
  history.compare({}, is_two, rows);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].inet_diag_msg_socket_cookie, 1U);
  EXPECT_EQ(rows[0].row_kind, record::RowKind::never_connected);
  EXPECT_EQ(rows[0].close_reason, record::CloseReason::timeout);
  EXPECT_TRUE(rows[0].last_row);
  history.compare({}, is_two, rows);
  EXPECT_EQ(rows.size(), 1U) << "told once";
}

}  // namespace
}  // namespace uncork::probe
