#include "probe/ending_book.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace uncork::probe {
namespace {

using record::CloseReason;

constexpr std::uint64_t kSecond = 1'000'000'000;

// include/net/tcp_states.h
constexpr std::uint8_t kEstablished = 1;
constexpr std::uint8_t kSynSent = 2;
constexpr std::uint8_t kSynReceived = 3;
constexpr std::uint8_t kLastAck = 9;
constexpr std::uint8_t kListen = 10;

class EndingBookTest : public ::testing::Test {
 protected:
  void tell(uncork_ending_kind kind, std::uint8_t old_state = 0, int error = 0, std::uint32_t reset_reason = 0) {
    uncork_ending_with_facts record{};
    record.ending.cookie = record.facts.cookie = 7;
    record.ending.at_ns = at_ns_ += 1000;
    record.ending.kind = kind;
    record.ending.old_state = old_state;
    record.ending.error = error;
    record.ending.reset_reason = reset_reason;
    record.facts.family = AF_INET;
    record.facts.state = old_state;
    record.facts.remote_port = 8001;
    record.facts.bytes_sent = 99;
    record.facts.total_retrans = 3;
    record.facts.present = UNCORK_HAS_NETNS_COOKIE;
    record.facts.netns_cookie = 4711;
    const std::size_t size = kind == UNCORK_ENDING_CLOSED ? sizeof record : sizeof record.ending;
    const auto status = book_.take(std::as_bytes(std::span(&record, 1)).first(size));
    ASSERT_TRUE(status) << status.error().message;
  }

  std::vector<record::Row> collect(std::uint64_t after_ns = kSecond) {
    std::vector<record::Row> rows;
    book_.collect([this](std::uint64_t) { return base_; }, 5 * static_cast<std::int64_t>(kSecond), at_ns_ + after_ns, rows);
    return rows;
  }

  Ending ending() { return book_.ending_of(7).value_or(Ending{}); }

  record::Texts texts_;
  EndingBook book_{texts_, {.tick_ns = 4'000'000, .tcp_info_bytes = 280}};
  record::Row base_;
  std::uint64_t at_ns_ = 100 * kSecond;
};

TEST_F(EndingBookTest, calls_an_orderly_end_fin) {
  tell(UNCORK_ENDING_CLOSED, kLastAck);
  EXPECT_EQ(ending(), (Ending{CloseReason::fin, {}, false}));
  const auto rows = collect();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].row_kind, record::RowKind::closed);
  EXPECT_EQ(rows[0].close_reason, CloseReason::fin);
  EXPECT_EQ(rows[0].tcp_info_bytes_sent, 99U);
  EXPECT_TRUE(book_.ending_of(7));
  EXPECT_FALSE(book_.ending_of(7)) << "told once";
}

TEST_F(EndingBookTest, gives_a_listener_its_last_row_without_a_reason) {
  tell(UNCORK_ENDING_CLOSED, kListen);
  const auto rows = collect();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].row_kind, record::RowKind::closed);
  EXPECT_TRUE(rows[0].last_row);
  EXPECT_FALSE(rows[0].knows(record::Block::close));
}

TEST_F(EndingBookTest, calls_a_connection_aborted_that_ends_before_it_was_accepted) {
  tell(UNCORK_ENDING_CLOSED, kSynReceived);
  EXPECT_EQ(ending(), (Ending{CloseReason::aborted, {}, false}));
}

TEST_F(EndingBookTest, tells_which_namespace_it_was_by_its_cookie) {
  tell(UNCORK_ENDING_CLOSED, kLastAck);
  const auto rows = collect();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].knows(record::Block::netns_cookie));
  EXPECT_EQ(rows[0].netns_cookie, 4711U);
}

TEST_F(EndingBookTest, puts_a_received_reset_before_the_end_together_with_it) {
  tell(UNCORK_ENDING_RESET_RECEIVED);
  tell(UNCORK_ENDING_CLOSED, kEstablished, ECONNRESET);
  EXPECT_EQ(ending().reason, CloseReason::reset_received);
  const auto rows = collect();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].row_kind, record::RowKind::closed);
  EXPECT_EQ(rows[0].close_reason, CloseReason::reset_received);
  EXPECT_TRUE(rows[0].last_row);
  EXPECT_EQ(rows[0].tcp_info_bytes_sent, 99U);
  EXPECT_FALSE(rows[0].knows(record::Block::process));
}

/// A look may come in between, after which nothing is known of the socket any more.
TEST_F(EndingBookTest, remembers_who_held_a_socket_whose_row_is_not_given_at_once) {
  base_.pid = 41;
  base_.blocks |= record::Block::process;
  base_.blocks |= record::Block::owner;
  tell(UNCORK_ENDING_CLOSED, kEstablished);
  EXPECT_TRUE(collect(0).empty());
  base_ = {};
  const auto rows = collect();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].pid, 41U);
  EXPECT_TRUE(rows[0].knows(record::Block::process));
  EXPECT_TRUE(rows[0].knows(record::Block::owner));
}

TEST_F(EndingBookTest, waits_for_a_reset_that_is_sent_after_the_end) {
  tell(UNCORK_ENDING_CLOSED, kEstablished);
  EXPECT_TRUE(collect(0).empty());
  tell(UNCORK_ENDING_RESET_SENT, 7, 0, 11);
  const auto rows = collect();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].close_reason, CloseReason::reset_sent);
  EXPECT_EQ(rows[0].reset_reason, 11U);
  EXPECT_TRUE(rows[0].knows(record::Block::reset));
  EXPECT_EQ(rows[0].timestamp_ns, 4 * static_cast<std::int64_t>(kSecond) - 1000);
  EXPECT_TRUE(collect().empty()) << "collected once";
}

TEST_F(EndingBookTest, calls_it_a_timeout_whatever_reset_went_with_it) {
  tell(UNCORK_ENDING_RESET_SENT, kEstablished, 0, 15);
  tell(UNCORK_ENDING_CLOSED, kEstablished, ETIMEDOUT);
  EXPECT_EQ(ending(), (Ending{CloseReason::timeout, 15, false}));
}

TEST_F(EndingBookTest, tells_why_a_connection_never_came_to_be) {
  const std::pair<int, CloseReason> cases[] = {{ECONNREFUSED, CloseReason::refused},
                                               {ETIMEDOUT, CloseReason::timeout},
                                               {EHOSTUNREACH, CloseReason::timeout},
                                               {0, CloseReason::aborted}};
  for (const auto& [error, reason] : cases) {
    tell(UNCORK_ENDING_CLOSED, kSynSent, error);
    EXPECT_EQ(ending(), (Ending{reason, {}, true}));
    const auto rows = collect();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].row_kind, record::RowKind::never_connected);
    EXPECT_EQ(rows[0].tcp_info_total_retrans, 3U);
  }
}

TEST_F(EndingBookTest, does_not_take_a_reset_of_a_stray_segment_for_the_end) {
  tell(UNCORK_ENDING_RESET_SENT, kEstablished, 0, 2);
  EXPECT_EQ(ending().reason, CloseReason::unknown);
  tell(UNCORK_ENDING_RESET_SENT, kEstablished, 0, 2);
  tell(UNCORK_ENDING_CLOSED, kLastAck);
  EXPECT_EQ(ending(), (Ending{CloseReason::fin, {}, false}));
}

TEST_F(EndingBookTest, remembers_an_end_until_the_socket_is_freed) {
  tell(UNCORK_ENDING_CLOSED, kLastAck);
  (void)collect(3600 * kSecond);
  EXPECT_TRUE(book_.has_ended(7));
  const auto freed = book_.freed(7);
  ASSERT_TRUE(freed);
  EXPECT_EQ(freed->ending.reason, CloseReason::fin);
  EXPECT_TRUE(freed->has_row);
  EXPECT_FALSE(book_.freed(7));
  EXPECT_EQ(book_.size(), 0U);
}

TEST_F(EndingBookTest, wants_no_second_row_before_and_after_its_own) {
  tell(UNCORK_ENDING_CLOSED, kEstablished);
  EXPECT_TRUE(book_.freed(7).value().has_row) << "it is about to be collected";
  EXPECT_EQ(collect().size(), 1U);
  EXPECT_EQ(book_.size(), 0U);
  tell(UNCORK_ENDING_CLOSED, kEstablished);
  EXPECT_EQ(collect().size(), 1U);
  tell(UNCORK_ENDING_RESET_SENT, 7, 0, 11);  // late
  EXPECT_TRUE(book_.freed(7).value().has_row);
  EXPECT_EQ(book_.size(), 0U);
}

TEST_F(EndingBookTest, begins_anew_with_a_socket_that_is_connected_again) {
  tell(UNCORK_ENDING_CLOSED, kSynSent, ECONNREFUSED);
  ASSERT_EQ(collect().size(), 1U);
  tell(UNCORK_ENDING_CLOSED, kLastAck);
  const auto freed = book_.freed(7);
  ASSERT_TRUE(freed);
  EXPECT_EQ(freed->ending, (Ending{CloseReason::fin, {}, false}));
  EXPECT_EQ(collect().size(), 1U);
}

TEST_F(EndingBookTest, wants_no_row_after_one_that_was_claimed) {
  tell(UNCORK_ENDING_RESET_SENT, kEstablished);  // of its end itself nothing was heard
  EXPECT_FALSE(book_.claim(7).value().has_row);
  EXPECT_TRUE(book_.claim(7).value().has_row);
  EXPECT_TRUE(book_.freed(7).value().has_row);
  EXPECT_FALSE(book_.claim(7));
}

TEST_F(EndingBookTest, keeps_the_process_and_the_inode_that_were_known_before) {
  base_.pid = 4711;
  base_.fd = 5;
  base_.inet_diag_msg_inode = 99;
  base_.blocks |= record::Blocks(record::Block::process) | record::Block::owner;
  tell(UNCORK_ENDING_CLOSED, kEstablished);
  const auto rows = collect();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].knows(record::Block::process) && rows[0].knows(record::Block::owner));
  EXPECT_EQ(rows[0].pid, 4711U);
  EXPECT_EQ(rows[0].fd, 5U);
  EXPECT_EQ(rows[0].inet_diag_msg_inode, 99U);
  EXPECT_EQ(rows[0].tcp_info_bytes_sent, 99U);
}

TEST_F(EndingBookTest, forgets_resets_that_ended_nothing_and_the_oldest_of_too_many_ends) {
  tell(UNCORK_ENDING_RESET_SENT, kEstablished, 0, 2);
  EXPECT_EQ(book_.size(), 1U);
  (void)collect(59 * kSecond);
  EXPECT_EQ(book_.size(), 1U);
  (void)collect(70 * kSecond);
  EXPECT_EQ(book_.size(), 0U);
  for (std::uint64_t cookie = 1; cookie <= EndingBook::kMostHeld + 10; ++cookie) {
    uncork_ending_with_facts record{};
    record.ending.cookie = cookie;
    record.ending.at_ns = at_ns_ + cookie;
    record.ending.kind = UNCORK_ENDING_CLOSED;
    record.ending.old_state = kLastAck;
    ASSERT_TRUE(book_.take(std::as_bytes(std::span(&record, 1))));
  }
  (void)collect(200 * kSecond);
  EXPECT_EQ(book_.size(), EndingBook::kMostHeld);
  EXPECT_FALSE(book_.has_ended(10));
  EXPECT_TRUE(book_.has_ended(11));
}

TEST_F(EndingBookTest, refuses_bytes_that_are_no_record) {
  alignas(8) std::array<std::byte, sizeof(uncork_ending_with_facts)> bytes{};
  EXPECT_FALSE(book_.take({}));
  EXPECT_FALSE(book_.take(std::span(bytes).first(sizeof(uncork_ending) - 1)));
  uncork_ending ending{};
  ending.kind = 99;
  std::memcpy(bytes.data(), &ending, sizeof ending);
  EXPECT_NE(book_.take(bytes).error().message.find("unknown kind 99"), std::string::npos);
  ending.kind = UNCORK_ENDING_CLOSED;
  std::memcpy(bytes.data(), &ending, sizeof ending);
  EXPECT_FALSE(book_.take(std::span(bytes).first(bytes.size() - 1)));
  ending.kind = UNCORK_ENDING_REQUEST_RETRIED;
  std::memcpy(bytes.data(), &ending, sizeof ending);
  EXPECT_FALSE(book_.take(std::span(bytes).first(sizeof(uncork_retried_request) - 1)));
  EXPECT_EQ(book_.size(), 0U);
}

}  // namespace
}  // namespace uncork::probe
