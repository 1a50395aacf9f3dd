// From `:path` to a name: decoded once, never out of the root.

#include <gmock/gmock.h>

#include <string>

#include "http2/files/target_path.hpp"

namespace uncork::http2 {
namespace {

TargetPath parse(std::string_view path, HiddenFiles hidden = HiddenFiles::refused) { return parse_target(path, hidden); }
TargetFault fault(std::string_view path, HiddenFiles hidden = HiddenFiles::refused) { return parse(path, hidden).fault; }

TEST(TargetPath, is_cut_at_the_query_and_decoded_once) {
  EXPECT_EQ(parse("/"), (TargetPath{TargetFault::none, "", true, ""}));
  EXPECT_EQ(parse("/?a/../b"), (TargetPath{TargetFault::none, "", true, "a/../b"}));
  EXPECT_EQ(parse("/a/b.txt"), (TargetPath{TargetFault::none, "a/b.txt", false, ""}));
  EXPECT_EQ(parse("/a/b/"), (TargetPath{TargetFault::none, "a/b", true, ""}));
  EXPECT_EQ(parse("/a%20b/c%C3%A9?x=%2F"), (TargetPath{TargetFault::none, "a b/c\xC3\xA9", false, "x=%2F"}));
  EXPECT_EQ(parse("/c\xC3\xA9").name, "c\xC3\xA9");
  EXPECT_EQ(parse("/%2541").name, "%41");
  EXPECT_EQ(parse("/a%3Fb").name, "a?b");
  EXPECT_EQ(parse("/a+b").name, "a+b");
  EXPECT_EQ(parse("/a...b/...", HiddenFiles::served).name, "a...b/...");
}

TEST(TargetPath, that_is_malformed_is_said_so) {
  for (const char* path :
       {"",     "*",    "a",     "?",     "%2F",  "http://a/b", "/a b",    "/a#b",  "/%",    "/%4",   "/a%",
        "/%g0", "/%0g", "/% 41", "/a%00", "/%00", "/a%00.html", "/..%00/", "/\x7f", "/a\tb", "/a\nb", "/%u002e"}) {
    EXPECT_EQ(fault(path), TargetFault::malformed) << path;
  }
  EXPECT_EQ(fault(std::string_view("/a\0b", 4)), TargetFault::malformed);
}

TEST(TargetPath, never_goes_up) {
  for (const char* path : {"/..",
                           "/../",
                           "/../a",
                           "/a/..",
                           "/a/../b",
                           "/a/../../b",
                           "/.",
                           "/./a",
                           "/a/./b",
                           "/%2e%2e/a",
                           "/%2E./a",
                           "/.%2e/a",
                           "/a/%2e%2e",
                           "/..%2fa",
                           "/a%2f..%2f..%2fb",
                           "/%2fetc/passwd",
                           "/a%2Fb",
                           "/a/..?b",
                           "//a",
                           "/a//b",
                           "/a//",
                           "//",
                           "///",
                           "//host/..",
                           "/%2e"}) {
    for (const auto hidden : {HiddenFiles::refused, HiddenFiles::served})
      EXPECT_EQ(fault(path, hidden), TargetFault::no_file) << path;
  }
}

TEST(TargetPath, that_is_decoded_once_leaves_other_spellings_of_dots_as_names) {
  EXPECT_EQ(parse("/%252e%252e/a").name, "%2e%2e/a");
  EXPECT_EQ(parse("/%c0%ae%c0%ae/a").name, "\xC0\xAE\xC0\xAE/a");
  EXPECT_EQ(parse("/..\\a", HiddenFiles::served).name, "..\\a");
  EXPECT_EQ(parse("/%5c..%5ca").name, "\\..\\a");
  EXPECT_EQ(parse("/%ef%bc%8e%ef%bc%8e/a").name, "\xEF\xBC\x8E\xEF\xBC\x8E/a");
}

TEST(TargetPath, hides_names_that_begin_with_a_dot) {
  for (const char* path : {"/.git/config", "/.env", "/%2eenv", "/a/.b", "/a/.b/c", "/a/.well-known/b", "/.well-known/.b"}) {
    EXPECT_EQ(fault(path), TargetFault::no_file) << path;
    EXPECT_EQ(fault(path, HiddenFiles::served), TargetFault::none) << path;
  }
  EXPECT_EQ(parse("/.well-known/security.txt").name, ".well-known/security.txt");
}

TEST(TargetPath, has_a_longest) {
  EXPECT_EQ(fault("/" + std::string(kLongestTarget - 1, 'a')), TargetFault::none);
  EXPECT_EQ(fault("/" + std::string(kLongestTarget, 'a')), TargetFault::too_long);
}

TEST(DirectoryLocation, is_encoded_anew) {
  EXPECT_EQ(directory_location(parse("/a/b")), "/a/b/");
  EXPECT_EQ(directory_location(parse("/a%20b/%5C%0d%0a%e9%22?q=%20/?&x=\"<\\")), "/a%20b/%5C%0D%0A%E9%22/?q=%20/?&x=%22%3C%5C");
  EXPECT_EQ(directory_location(parse("/%25")), "/%25/");
  EXPECT_EQ(directory_location(parse("/\\host")), "/%5Chost/");
}

}  // namespace
}  // namespace uncork::http2
