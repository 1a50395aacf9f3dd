#include "probe/request_book.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace uncork::probe {
namespace {

using record::CloseReason;
using record::Row;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint32_t kTickNs = 4'000'000;
constexpr std::uint64_t kBegin = 100 * kSecond;

uncork_retried_request request(std::uint64_t cookie, std::uint8_t retries) {
  uncork_retried_request request{};
  request.ending.cookie = cookie;
  request.ending.at_ns = kBegin;
  request.family = AF_INET;
  request.local_port = 8001;
  request.remote_port = 40000;
  request.netns = 4;
  request.retries = retries;
  request.wait_jiffies = 250U << retries;  // the first wait is a second
  return request;
}

std::vector<Row> collected(RequestBook& book, std::uint64_t at_ns) {
  std::vector<Row> rows;
  book.collect({}, 5 * static_cast<std::int64_t>(kSecond), at_ns, rows);
  return rows;
}

TEST(RequestBookTest, tells_of_a_request_when_the_kernel_must_have_dropped_it) {
  RequestBook book(kTickNs);
  book.retried(request(7, 1));
  EXPECT_TRUE(collected(book, kBegin + 2 * kSecond).empty()) << "it may be sent again now";
  const auto rows = collected(book, kBegin + 3 * kSecond);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].row_kind, record::RowKind::never_connected);
  EXPECT_EQ(rows[0].close_reason, CloseReason::timeout);
  EXPECT_EQ(rows[0].inet_diag_msg_state, 3U);
  EXPECT_EQ(rows[0].inet_diag_msg_retrans, 1U);
  EXPECT_EQ(rows[0].inet_diag_msg_socket_source_port, 8001U);
  EXPECT_EQ(rows[0].inet_diag_msg_socket_destination_port, 40000U);
  EXPECT_EQ(rows[0].netns_inode, 4U);
  EXPECT_EQ(rows[0].timestamp_ns, 2 * static_cast<std::int64_t>(kSecond));
  EXPECT_TRUE(rows[0].last_row);
  EXPECT_EQ(book.size(), 0U);
}

TEST(RequestBookTest, waits_as_long_as_the_last_time_says) {
  RequestBook book(kTickNs);
  book.retried(request(7, 1));
  book.retried(request(7, 2));
  EXPECT_TRUE(collected(book, kBegin + 4 * kSecond).empty());
  EXPECT_EQ(collected(book, kBegin + 5 * kSecond).size(), 1U);
  book.retried(request(8, 30));
  EXPECT_TRUE(collected(book, kBegin + 120 * kSecond).empty());
  EXPECT_EQ(collected(book, kBegin + 121 * kSecond).size(), 1U) << "the kernel waits two minutes at most";
}

TEST(RequestBookTest, forgets_a_request_that_became_a_connection) {
  RequestBook book(kTickNs);
  book.retried(request(7, 1));
  book.made(7);
  book.made(8);
  EXPECT_TRUE(collected(book, kBegin + 600 * kSecond).empty());
}

TEST(RequestBookTest, says_that_the_answer_found_the_queue_full) {
  RequestBook book(kTickNs);
  auto answered = request(7, 1);
  answered.acked = 1;
  book.retried(answered);
  const auto rows = collected(book, kBegin + 600 * kSecond);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].close_reason, CloseReason::accept_overflow);
}

TEST(RequestBookTest, takes_no_more_than_so_many) {
  RequestBook book(kTickNs);
  for (std::uint64_t cookie = 1; cookie <= RequestBook::kMost + 5; ++cookie) book.retried(request(cookie, 1));
  EXPECT_EQ(book.size(), RequestBook::kMost);
}

}  // namespace
}  // namespace uncork::probe
