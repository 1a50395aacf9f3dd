#include "report/fold.hpp"

#include <gtest/gtest.h>

namespace uncork::report {
namespace {

TEST(Fold, leaves_what_fits_and_everything_without_a_limit) {
  EXPECT_EQ(fold("one two\n\nthree\n", 7), "one two\n\nthree\n");
  EXPECT_EQ(fold("one two three", 0), "one two three");
  EXPECT_EQ(fold("", 10), "");
}

TEST(Fold, breaks_between_words) {
  EXPECT_EQ(fold("one two three four\n", 9), "one two\nthree\nfour\n");
  EXPECT_EQ(fold("one two three", 9), "one two\nthree");
}

TEST(Fold, what_follows_stands_under_the_first_word_or_under_the_text_behind_a_name) {
  EXPECT_EQ(fold("  one two three\n", 10), "  one two\n  three\n");
  EXPECT_EQ(fold("cost  one two three\n", 14), "cost  one two\n      three\n");
  EXPECT_EQ(fold("a name that is long  one two three\n", 24), "a name that is long  one\n  two three\n");
}

TEST(Fold, a_word_that_is_longer_than_a_line_stays_whole) {
  EXPECT_EQ(fold("see https://example.org/a/b/c now\n", 10), "see\nhttps://example.org/a/b/c\nnow\n");
}

TEST(Fold, counts_characters_and_not_bytes) { EXPECT_EQ(fold("äöü äöü äöü\n", 7), "äöü äöü\näöü\n"); }

}  // namespace
}  // namespace uncork::report
