// Which sockets are in trouble.

#include "collect/close_ups/troubled.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace uncork::collect {
namespace {

using record::Block;
using record::Row;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Row connection(std::uint64_t cookie, std::uint64_t lost_us, std::uint32_t retransmitted = 0) {
  Row row;
  row.blocks = Block::tcp_info | Block::tcp_info_5_4 | Block::ledger;
  row.inet_diag_msg_socket_cookie = cookie;
  row.inet_diag_msg_state = 1;
  row.tcp_info_snd_wnd = 65'535;
  row.tcp_info_total_retrans = retransmitted;
  row.lost_us[0] = lost_us / 2;
  row.lost_us[2] = lost_us - lost_us / 2;
  return row;
}

std::vector<std::uint64_t> cookies(Troubled& troubled, std::vector<Row> rows) {
  probe::Look look;
  look.rows = std::move(rows);
  std::vector<std::uint64_t> found;
  for (const Row& row : troubled.of(look)) found.push_back(row.inet_diag_msg_socket_cookie);
  return found;
}

TEST(Troubled, at_first_nothing_is_known) {
  Troubled troubled(8);
  EXPECT_THAT(cookies(troubled, {connection(1, 5000), connection(2, 0, 9)}), IsEmpty());
}

TEST(Troubled, what_lost_most_since_then_comes_first) {
  Troubled troubled(8);
  cookies(troubled, {connection(1, 9'000'000), connection(2, 0), connection(3, 10)});
  EXPECT_THAT(cookies(troubled, {connection(1, 9'000'000), connection(2, 700), connection(3, 10'010)}), ElementsAre(3, 2));
}

TEST(Troubled, sending_again_is_trouble) {
  Troubled troubled(8);
  cookies(troubled, {connection(1, 0, 4), connection(2, 0, 4)});
  EXPECT_THAT(cookies(troubled, {connection(1, 0, 4), connection(2, 0, 5)}), ElementsAre(2));
}

TEST(Troubled, a_closed_window_is_trouble) {
  Troubled troubled(8);
  cookies(troubled, {connection(1, 0)});
  Row shut_out = connection(1, 0);
  shut_out.tcp_info_snd_wnd = 0;
  EXPECT_THAT(cookies(troubled, {shut_out}), ElementsAre(1));
  EXPECT_THAT(cookies(troubled, {connection(1, 0)}), IsEmpty());
}

TEST(Troubled, a_connection_that_is_new_counts_from_its_begin) {
  Troubled troubled(8);
  cookies(troubled, {});
  EXPECT_THAT(cookies(troubled, {connection(1, 40)}), ElementsAre(1));
}

TEST(Troubled, what_has_ended_or_is_not_established_cannot_be_looked_at) {
  Troubled troubled(8);
  cookies(troubled, {});
  Row last = connection(1, 40);
  last.last_row = true;
  Row closing = connection(2, 40);
  closing.inet_diag_msg_state = 4;
  EXPECT_THAT(cookies(troubled, {last, closing}), IsEmpty());
}

TEST(Troubled, no_more_than_asked_for) {
  Troubled troubled(3);
  std::vector<Row> rows;
  cookies(troubled, {});
  for (std::uint64_t i = 1; i <= 100; ++i) rows.push_back(connection(i, i));
  EXPECT_THAT(cookies(troubled, rows), ElementsAre(100, 99, 98));
}

TEST(Troubled, a_ledger_that_took_something_back_is_no_trouble) {
  Troubled troubled(8);
  cookies(troubled, {connection(1, 500)});
  EXPECT_THAT(cookies(troubled, {connection(1, 400)}), IsEmpty());
}

}  // namespace
}  // namespace uncork::collect
