#include "core/nearest.hpp"

#include <gtest/gtest.h>

namespace uncork::core {
namespace {

const std::vector<std::string> kVerbs = {"watch", "lab", "cure", "proxy", "send", "recv", "doctor"};

TEST(Nearest, finds_a_word_one_slip_away_and_nothing_for_a_stranger) {
  EXPECT_EQ(nearest("wach", kVerbs), "watch");
  EXPECT_EQ(nearest("pryox", kVerbs), "proxy");
  EXPECT_EQ(nearest("frobnicate", kVerbs), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x'), kVerbs), "");
}

}  // namespace
}  // namespace uncork::core
