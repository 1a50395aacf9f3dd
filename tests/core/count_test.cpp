#include "core/count.hpp"

#include <gtest/gtest.h>

namespace uncork::core {
namespace {

TEST(Count, is_singular_for_one_and_plural_for_all_else) {
  EXPECT_EQ(count_of(0, "case"), "0 cases");
  EXPECT_EQ(count_of(1, "case"), "1 case");
  EXPECT_EQ(count_of(2, "case"), "2 cases");
  EXPECT_EQ(count_of(1, "reply", "replies"), "1 reply");
  EXPECT_EQ(count_of(3, "reply", "replies"), "3 replies");
}

}  // namespace
}  // namespace uncork::core
