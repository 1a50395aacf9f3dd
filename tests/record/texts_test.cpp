#include "record/texts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "any_row.hpp"
#include "record/row.hpp"
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

TEST(Texts, a_sweep_leaves_what_is_held_where_it_is_and_frees_the_rest_one_sweep_late) {
  Texts texts;
  const Text held = texts.keep("held");
  const char* const place = held.view().data();
  const Text row_of_the_look_before = texts.keep("of the look before");
  const auto sweep = [&] {
    Texts::hold(held);
    texts.sweep();
  };
  sweep();
  EXPECT_EQ(texts.size(), 2u);
  EXPECT_EQ(row_of_the_look_before.view(), "of the look before");
  sweep();
  EXPECT_EQ(texts.size(), 1u);
  for (int i = 0; i < 5; ++i) sweep();
  EXPECT_EQ(held.view(), "held");
  EXPECT_EQ(held.view().data(), place);
  EXPECT_EQ(texts.keep("held").view().data(), place);
  for (int i = 0; i < 3; ++i) texts.sweep();
  EXPECT_EQ(texts.size(), 0u);
  EXPECT_EQ(texts.bytes(), 0u);
  EXPECT_EQ(texts.keep("held").view(), "held");
}

TEST(Texts, what_was_held_at_one_sweep_outlives_the_next) {
  Texts texts;
  const Text text = texts.keep("x");
  Texts::hold(text);
  texts.sweep();
  texts.sweep();
  EXPECT_EQ(text.view(), "x");
  texts.sweep();
  EXPECT_EQ(texts.size(), 0u);
}

TEST(Texts, holding_what_is_empty_or_anothers_does_nothing_here) {
  Texts texts;
  Texts others;
  const Text other = others.keep("y");
  texts.keep("x");
  Texts::hold(Text{});
  Texts::hold(other);
  for (int i = 0; i < 3; ++i) texts.sweep();
  EXPECT_EQ(texts.size(), 0u);
  EXPECT_EQ(other.view(), "y");
}

/// Names that come and go, as those of namespaces do; a look holds its own, and those of the look before are still read.
TEST(Texts, take_no_more_memory_than_four_times_what_is_held) {
  for (const std::size_t names : {std::size_t{10}, std::size_t{1000}}) {
    Texts texts;
    std::vector<Text> now;
    std::vector<Text> before;
    std::size_t held = 0;
    std::size_t most = 0;
    for (std::size_t look = 0; look < 300; ++look) {
      before = std::move(now);
      now.clear();
      const auto name = [&](std::size_t of, std::size_t i) {
        return "net:[" + std::to_string(1'000'000 + of * names / 10 + i) + "]";
      };
      for (std::size_t i = 0; i < names; ++i) now.push_back(texts.keep(name(look, i)));
      if (look == 0) held = texts.bytes();
      if (texts.wants_sweep()) {
        for (const Text text : now) Texts::hold(text);
        texts.sweep();
      }
      for (std::size_t i = 0; i < names; ++i) {
        ASSERT_EQ(now[i].view(), name(look, i));
        ASSERT_TRUE(look == 0 || before[i].view() == name(look - 1, i));
      }
      most = std::max(most, texts.bytes());
    }
    EXPECT_LE(most, std::max(4 * held + held / 10, std::size_t{65'536})) << names;
  }
}

TEST(Texts, a_row_tells_of_all_its_texts) {
  Texts texts;
  Random random(7);
  std::vector<Row> rows;
  for (int i = 0; i < 50; ++i) rows.push_back(any_row(texts, random));
  const std::size_t known = texts.size();
  for (int i = 0; i < 5; ++i) {
    for (const Row& row : rows) hold_texts(row);
    texts.sweep();
  }
  EXPECT_EQ(texts.size(), known);
  EXPECT_GT(known, rows.size() * 10);
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
