// Which bytes names and values may have, at every place of texts of every length: eight bytes are looked at at once.

#include "http2/field_syntax.hpp"

#include <gmock/gmock.h>

#include <string>

namespace uncork::http2 {
namespace {

TEST(FieldValue, has_no_control_character_but_htab) {
  for (std::size_t size = 1; size <= 25; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string value(size, 'a');
        value[at] = static_cast<char>(c);
        const bool is_blank = c == ' ' || c == '\t';
        const bool is_inside = at != 0 && at + 1 != size;
        const bool may_be = is_blank ? is_inside : c >= 0x20 && c != 0x7F;
        ASSERT_EQ(is_field_value(value), may_be) << size << " " << at << " " << c;
        ASSERT_EQ(is_value_of(known_field::other, value), may_be);
        ASSERT_EQ(is_value_of(known_field::path, value), c > 0x20 && c != 0x7F) << size << " " << at << " " << c;
      }
    }
  }
  EXPECT_TRUE(is_field_value(""));
}

TEST(FieldName, is_a_token_without_upper_case) {
  for (int c = 0; c < 256; ++c) {
    const std::string_view marks = "!#$%&'*+-.^_`|~";
    const char letter = static_cast<char>(c);
    const bool may_be = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != 0 && marks.find(letter) != marks.npos);
    EXPECT_EQ(is_field_name(std::string("x") + letter), may_be) << c;
    EXPECT_EQ(is_field_name(std::string(":x") + letter), may_be) << c;
  }
  EXPECT_FALSE(is_field_name(""));
  EXPECT_FALSE(is_field_name(":"));
  EXPECT_FALSE(is_field_name("a:b"));
}

TEST(ValueOfAPseudoField, is_what_its_name_asks_for) {
  EXPECT_TRUE(is_value_of(known_field::method, "M-SEARCH"));
  EXPECT_FALSE(is_value_of(known_field::method, ""));
  EXPECT_FALSE(is_value_of(known_field::method, "GET /"));
  EXPECT_TRUE(is_value_of(known_field::scheme, "coap+tcp"));
  EXPECT_FALSE(is_value_of(known_field::scheme, "1http"));
  EXPECT_FALSE(is_value_of(known_field::scheme, ""));
  EXPECT_TRUE(is_value_of(known_field::authority, "[::1]:8080"));
  EXPECT_FALSE(is_value_of(known_field::authority, "user@example.org"));
  EXPECT_FALSE(is_value_of(known_field::authority, "example.org/"));
  EXPECT_FALSE(is_value_of(known_field::path, ""));
  EXPECT_FALSE(is_value_of(known_field::path, "/a b"));
}

}  // namespace
}  // namespace uncork::http2
