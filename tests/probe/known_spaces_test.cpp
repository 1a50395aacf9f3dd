#include "probe/look/known_spaces.hpp"

#include <gtest/gtest.h>

namespace uncork::probe {
namespace {

TEST(KnownSpacesTest, forgets_what_was_not_entered_in_the_look_before) {
  KnownSpaces known;
  known.learn(7, {.inode = 1, .name = "blue"});
  known.begin_look();
  ASSERT_NE(known.find(7), nullptr);
  EXPECT_EQ(known.find(7)->name, "blue") << "its ends may still be told";
  known.learn(8, {.inode = 1, .name = "red"});
  known.begin_look();
  EXPECT_EQ(known.find(7), nullptr);
  ASSERT_NE(known.find(8), nullptr);
  known.learn(8, {.inode = 1, .name = "green"});
  known.begin_look();
  EXPECT_EQ(known.find(8)->name, "green");
  known.begin_look();
  EXPECT_EQ(known.find(8), nullptr);
}

}  // namespace
}  // namespace uncork::probe
