#include "record/texts.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "record/utf8.hpp"

namespace uncork::record {
namespace {

TEST(Texts, keeps_each_text_once_and_where_it_is) {
  Texts texts;
  const Text nginx = texts.keep("nginx");
  const char* const place = nginx.view().data();
  std::vector<Text> many;
  for (int i = 0; i < 10'000; ++i) many.push_back(texts.keep("text " + std::to_string(i)));
  EXPECT_EQ(texts.keep("nginx").view().data(), place);
  EXPECT_EQ(nginx.view(), "nginx");
  EXPECT_EQ(texts.size(), 10'001u);
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(many[static_cast<std::size_t>(i)].view(), "text " + std::to_string(i));
  EXPECT_GE(texts.bytes(), 10'000u);
}

TEST(Texts, an_empty_text_is_unknown_and_needs_no_keeper) {
  Texts texts;
  EXPECT_TRUE(Text{}.empty());
  EXPECT_TRUE(texts.keep("").empty());
  EXPECT_EQ(Text{}.view(), "");
  EXPECT_EQ(texts.size(), 0u);
}

TEST(Texts, compare_by_content_across_keepers) {
  Texts a;
  Texts b;
  EXPECT_EQ(a.keep("x"), b.keep("x"));
  EXPECT_NE(a.keep("x"), b.keep("y"));
  EXPECT_LT(a.keep("x"), b.keep("y"));
  EXPECT_TRUE(a.keep("x") == std::string_view("x"));
}

TEST(Texts, know_their_bytes_in_protobuf) {
  Texts texts;
  const Text little = texts.keep("abc");
  EXPECT_EQ(std::string_view(little.encoded(), little.encoded_size()),
            "\x03"
            "abc");
  const std::string large(300, 'x');
  const Text text = texts.keep(large);
  EXPECT_EQ(std::string_view(text.encoded(), text.encoded_size()), "\xac\x02" + large);
}

TEST(Texts, are_always_utf8_and_never_endless) {
  Texts texts;
  EXPECT_EQ(texts
                .keep("a\xff"
                      "b")
                .view(),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(texts.keep("a\xff"
                       "b"),
            texts.keep("a\xff"
                       "b"));
  EXPECT_EQ(texts.keep(std::string(10'000, 'x')).size(), Texts::kLongest);
  std::string umlauts = "x";
  while (umlauts.size() < 5000) umlauts += "\xc3\xbc";
  const Text cut = texts.keep(umlauts);
  EXPECT_EQ(cut.size(), Texts::kLongest - 1);
  EXPECT_TRUE(is_utf8(cut.view()));
  EXPECT_LE(texts.keep(std::string(4096, '\xff')).size(), Texts::kLongest);
}

TEST(Utf8, knows_a_character_from_bytes_that_are_none) {
  for (const char* const good : {"a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x8d\xbe", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(character_size(good), std::string_view(good).size()) << good;
  }
  for (const char* const bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                                "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x8d"}) {
    EXPECT_EQ(character_size(bad), 0u);
    EXPECT_FALSE(is_utf8(bad));
    EXPECT_TRUE(is_utf8(as_utf8(bad)));
  }
}

}  // namespace
}  // namespace uncork::record
