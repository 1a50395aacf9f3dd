#include "report/printable.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>
#include <string>

namespace uncork::report {
namespace {

TEST(Printable, leaves_text_as_it_is) {
  for (const std::string text : {"", "python3", "a b~!", "Größe", "日本語", "\U0001F37E", "é\u00a0é"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, shows_each_control_character_as_a_question_mark) {
  EXPECT_EQ(printable("\x1b[2J"), "?[2J");
  EXPECT_EQ(printable("a\nb\rc\td\be\x7f"), "a?b?c?d?e?");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a?b");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "?2J");  // U+009B, which is ESC [ on some terminals
}

TEST(Printable, shows_what_would_break_or_reorder_the_line_as_a_question_mark) {
  EXPECT_EQ(printable("a\u2028b\u2029c"), "a?b?c");
  EXPECT_EQ(printable("\u202etxt.exe\u2066\u200f\u061c"), "?txt.exe???");
}

TEST(Printable, shows_each_byte_that_is_not_utf8_as_a_question_mark) {
  EXPECT_EQ(printable("a\xff"
                      "b"),
            "a?b");
  EXPECT_EQ(printable("a\xc3"), "a?");  // cut in the middle of a character, as 15 bytes do
  EXPECT_EQ(printable("\xe6\x97"), "??");
  EXPECT_EQ(printable("\xc0\x9b"), "??");  // U+001B in a form longer than allowed
  EXPECT_EQ(printable("\xe0\x80\x9b"), "???");
  EXPECT_EQ(printable("\xf0\x80\x80\x9b"), "????");
  EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // beyond U+10FFFF
  EXPECT_EQ(printable("\x80"), "?");
}

TEST(PrintableProperty, whatever_goes_in_clean_utf8_comes_out_and_is_left_alone) {
  EXPECT_TRUE(rc::check([](const std::string& any) {
    const std::string shown = printable(any);
    RC_ASSERT(printable(shown) == shown);
    RC_ASSERT(shown.find_first_of(std::string("\x1b\n\r\0", 4)) == std::string::npos);
    RC_ASSERT(shown.size() <= any.size());
    RC_ASSERT(!nlohmann::json(shown).dump().empty());  // throws on bytes that are not UTF-8
  }));
}

}  // namespace
}  // namespace uncork::report
