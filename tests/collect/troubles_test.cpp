#include "collect/troubles.hpp"

#include <gtest/gtest.h>

namespace uncork::collect {
namespace {

TEST(Troubles, are_told_once_however_their_numbers_change) {
  Troubles troubles;
  EXPECT_TRUE(troubles.is_news("50 of 52 sockets in 5 namespaces"));
  EXPECT_TRUE(troubles.is_news("no ledger"));
  troubles.end_poll();
  EXPECT_FALSE(troubles.is_news("49 of 1052 sockets in 5 namespaces"));
  EXPECT_FALSE(troubles.is_news("no ledger"));
}

TEST(Troubles, are_told_again_when_they_had_gone_away) {
  Troubles troubles;
  EXPECT_TRUE(troubles.is_news("the disk is full"));
  troubles.end_poll();
  EXPECT_FALSE(troubles.is_news("the disk is full"));
  troubles.end_poll();
  troubles.end_poll();  // a poll without it
  EXPECT_TRUE(troubles.is_news("the disk is full"));
}

}  // namespace
}  // namespace uncork::collect
