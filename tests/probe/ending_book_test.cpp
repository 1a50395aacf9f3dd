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
    const std::size_t size = kind == UNCORK_ENDING_CLOSED_FACTS ? sizeof record : sizeof record.ending;
    const auto status = book_.take(std::as_bytes(std::span(&record, 1)).first(size));
    ASSERT_TRUE(status) << status.error().message;
  }

  std::vector<record::Row> collect(std::uint64_t after_ns = kSecond) {
    std::vector<record::Row> rows;
    book_.collect({}, 5 * static_cast<std::int64_t>(kSecond), at_ns_ + after_ns, rows);
    return rows;
  }

  Ending ending() { return book_.ending_of(7).value_or(Ending{}); }

  record::Texts texts_;
  EndingBook book_{texts_, {.tick_ns = 4'000'000, .tcp_info_bytes = 280}};
  std::uint64_t at_ns_ = 100 * kSecond;
};

TEST_F(EndingBookTest, calls_an_orderly_end_fin) {
  tell(UNCORK_ENDING_CLOSED, kLastAck);
  EXPECT_EQ(ending(), (Ending{CloseReason::fin, {}, false}));
  EXPECT_FALSE(book_.ending_of(7)) << "told once";
}

TEST_F(EndingBookTest, puts_a_received_reset_before_the_end_together_with_it) {
  tell(UNCORK_ENDING_RESET_RECEIVED);
  tell(UNCORK_ENDING_CLOSED_FACTS, kEstablished, ECONNRESET);
  EXPECT_EQ(ending().reason, CloseReason::reset_received);
  const auto rows = collect();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].row_kind, record::RowKind::closed);
  EXPECT_EQ(rows[0].close_reason, CloseReason::reset_received);
  EXPECT_TRUE(rows[0].last_row);
  EXPECT_EQ(rows[0].tcp_info_bytes_sent, 99U);
  EXPECT_FALSE(rows[0].knows(record::Block::process));
}

TEST_F(EndingBookTest, waits_for_a_reset_that_is_sent_after_the_end) {
  tell(UNCORK_ENDING_CLOSED_FACTS, kEstablished);
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
  tell(UNCORK_ENDING_CLOSED_FACTS, kEstablished, ETIMEDOUT);
  EXPECT_EQ(ending(), (Ending{CloseReason::timeout, 15, false}));
}

TEST_F(EndingBookTest, tells_why_a_connection_never_came_to_be) {
  const std::pair<int, CloseReason> cases[] = {{ECONNREFUSED, CloseReason::refused},
                                               {ETIMEDOUT, CloseReason::timeout},
                                               {EHOSTUNREACH, CloseReason::timeout},
                                               {0, CloseReason::aborted}};
  for (const auto& [error, reason] : cases) {
    tell(UNCORK_ENDING_CLOSED_FACTS, kSynSent, error);
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

TEST_F(EndingBookTest, forgets_what_nobody_asks_for) {
  tell(UNCORK_ENDING_CLOSED, kLastAck);
  EXPECT_EQ(book_.size(), 1U);
  (void)collect(59 * kSecond);
  EXPECT_EQ(book_.size(), 1U);
  (void)collect(61 * kSecond);
  EXPECT_EQ(book_.size(), 0U);
}

TEST_F(EndingBookTest, refuses_bytes_that_are_no_record) {
  alignas(8) std::array<std::byte, sizeof(uncork_ending_with_facts)> bytes{};
  EXPECT_FALSE(book_.take({}));
  EXPECT_FALSE(book_.take(std::span(bytes).first(sizeof(uncork_ending) - 1)));
  uncork_ending ending{};
  ending.kind = 99;
  std::memcpy(bytes.data(), &ending, sizeof ending);
  EXPECT_NE(book_.take(bytes).error().message.find("unknown kind 99"), std::string::npos);
  ending.kind = UNCORK_ENDING_CLOSED_FACTS;
  std::memcpy(bytes.data(), &ending, sizeof ending);
  EXPECT_FALSE(book_.take(std::span(bytes).first(bytes.size() - 1)));
  EXPECT_EQ(book_.size(), 0U);
}

record::Row listener(std::uint32_t waiting, std::uint32_t most) {
  record::Row row;
  row.inet_diag_msg_state = kListen;
  row.inet_diag_msg_family = AF_INET6;  // [::], not v6only
  row.inet_diag_msg_socket_source_port = 8001;
  row.netns_inode = 4;
  row.tcp_info_unacked = waiting;
  row.tcp_info_sacked = most;
  return row;
}

TEST(FullListeners, are_blamed_for_what_never_came_to_be) {
  record::Row failed;
  failed.row_kind = record::RowKind::never_connected;
  failed.close_reason = CloseReason::timeout;
  failed.inet_diag_msg_family = AF_INET;
  failed.inet_diag_msg_socket_destination = {127, 0, 0, 1};
  failed.inet_diag_msg_socket_destination_port = 8001;
  failed.netns_inode = 4;
  failed.tcp_info_total_retrans = 2;
  const auto blamed = [&](const record::Row& who) {
    record::Row row = failed;
    blame_full_listeners({&who, 1}, {&row, 1});
    return row.close_reason == CloseReason::accept_overflow;
  };
  EXPECT_TRUE(blamed(listener(2, 1)));
  EXPECT_FALSE(blamed(listener(1, 1))) << "one more has room";
  record::Row other = listener(2, 1);
  other.netns_inode = 5;
  EXPECT_FALSE(blamed(other)) << "[::] of another namespace";
  other = listener(2, 1);
  other.v6only = true;
  EXPECT_FALSE(blamed(other));
  other = listener(2, 1);
  other.inet_diag_msg_socket_source_port = 8002;
  EXPECT_FALSE(blamed(other));
  other = listener(2, 1);
  other.inet_diag_msg_family = AF_INET;
  other.netns_inode = 5;
  other.inet_diag_msg_socket_source = {127, 0, 0, 1};
  EXPECT_TRUE(blamed(other)) << "that very address, in a namespace on this machine";
  failed.tcp_info_total_retrans = 0;
  EXPECT_FALSE(blamed(listener(2, 1))) << "it was not tried again";
}

}  // namespace
}  // namespace uncork::probe
