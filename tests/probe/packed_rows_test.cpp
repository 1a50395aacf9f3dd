#include "probe/look/packed_rows.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace uncork::probe {
namespace {

record::Row row_of(std::uint64_t cookie) {
  record::Row row;
  row.inet_diag_msg_socket_cookie = cookie;
  row.inet_diag_msg_state = 1;
  row.late_us.back() = 7 * cookie;  // the last word
  return row;
}

TEST(PackedRows, come_out_as_they_went_in) {
  record::Row full;
  std::memset(static_cast<void*>(&full.lost_us), 0xA5, sizeof full.lost_us);
  PackedRows rows;
  for (const record::Row& row : {row_of(1), record::Row{}, full, row_of(2)}) rows.push_back(row);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows.at(3), row_of(2));
  EXPECT_EQ(rows.at(0), row_of(1));
  EXPECT_EQ(rows.at(1), record::Row{});
  EXPECT_EQ(rows.at(2).lost_us, full.lost_us);
}

TEST(PackedRows, keep_nothing_of_those_that_were_cleared) {
  PackedRows rows;
  rows.push_back(row_of(~0ULL));
  rows.clear();
  EXPECT_EQ(rows.size(), 0U);
  rows.push_back(row_of(3));
  EXPECT_EQ(rows.at(0), row_of(3));
}

}  // namespace
}  // namespace uncork::probe
