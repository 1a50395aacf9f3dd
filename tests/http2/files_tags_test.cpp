// Entity tags: made, and compared as If-Match and If-None-Match do.

#include <gmock/gmock.h>

#include <set>
#include <string>

#include "http2/files/entity_tag.hpp"

namespace uncork::http2 {
namespace {

TEST(EntityTag, differs_with_everything_that_it_is_made_of) {
  struct stat file{};
  file.st_ino = 1;
  file.st_size = 2;
  file.st_mtim = {3, 4};
  std::set<std::string> tags = {entity_tag(file, "")};
  tags.insert(entity_tag(file, "gzip"));
  tags.insert(entity_tag(file, "br"));
  for (const auto change : {+[](struct stat& s) { s.st_ino = 5; }, +[](struct stat& s) { s.st_size = 5; },
                            +[](struct stat& s) { s.st_mtim.tv_sec = 5; }, +[](struct stat& s) { s.st_mtim.tv_nsec = 5; }}) {
    struct stat other = file;
    change(other);
    tags.insert(entity_tag(other, ""));
  }
  EXPECT_EQ(tags.size(), 7U);
  for (const std::string& tag : tags) EXPECT_TRUE(is_same_tag(tag, tag, TagComparison::strong)) << tag;
}

TEST(EntityTag, marked_weak_equals_under_weak_comparison_alone) {
  EXPECT_TRUE(tags_match("W/\"a\"", "\"a\"", TagComparison::weak));
  EXPECT_FALSE(tags_match("W/\"a\"", "\"a\"", TagComparison::strong));
  EXPECT_TRUE(tags_match("\"a\"", "\"a\"", TagComparison::strong));
  EXPECT_TRUE(tags_match("W/\"a\", \"a\"", "\"a\"", TagComparison::strong));
}

TEST(EntityTag, is_found_in_a_list) {
  for (const char* list : {"\"a\"", " \"a\" ", "\"b\", \"a\"", "\"b\",\"a\",\"c\"", ",\"a\"", "\"b\" ,, \"a\" ,", "\"a\",", "*",
                           " * ", "\"b,\", \"a\"", "\"\xE9\", \"a\"", "\"\",\"a\""}) {
    EXPECT_TRUE(tags_match(list, "\"a\"", TagComparison::strong)) << list;
  }
  for (const char* list : {"", ",", "\"b\"", "\"A\"", "\"b\", \"c\"", "\",\"", "\"b,\"", "\"b\\\"a\""}) {
    EXPECT_FALSE(tags_match(list, "\"a\"", TagComparison::weak)) << list;
  }
}

TEST(EntityTag, in_what_is_no_list_is_not_found) {
  for (const char* list :
       {"a", "\"a", "a\"", "\"a\" \"b\"", "\"a\"\"b\"", "\"a\", b", "\"a\", \"b", "w/\"a\"", "W\"a\"", "W/ \"a\"", "W/a",
        "*, \"a\"", "\"a\", *", "**", "\"a b\", \"a\"", "\"\x7f\", \"a\"", "'a'", "\"a\";q=1"}) {
    EXPECT_FALSE(tags_match(list, "\"a\"", TagComparison::weak)) << list;
  }
}

TEST(EntityTag, of_if_range_is_one_and_not_a_list) {
  EXPECT_TRUE(is_same_tag("\"a\"", "\"a\"", TagComparison::strong));
  for (const char* text : {"", "*", "W/\"a\"", "\"a\", \"a\"", "\"a\",", "a", "\"b\""}) {
    EXPECT_FALSE(is_same_tag(text, "\"a\"", TagComparison::strong)) << text;
  }
}

}  // namespace
}  // namespace uncork::http2
