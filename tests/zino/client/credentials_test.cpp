#include "zino/client/credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::zino {
namespace {

using ::testing::HasSubstr;

TEST(RitzTcl, gives_what_its_lines_set) {
  EXPECT_EQ(
      parse_ritz_tcl("# mine\nset Server zino.example.org\nset Port 8001\nset User ford\n  set\tno\nset Secret 42 towels  \r\n",
                     "default"),
      (Credentials{"zino.example.org", "8001", "ford", "42 towels"}));
}

TEST(RitzTcl, names_in_any_case_an_underscore_before_and_of_two_lines_the_later) {
  EXPECT_EQ(parse_ritz_tcl("set _Secret a\nset SECRET b\nset user x", "default"), (Credentials{"", "", "x", "b"}));
}

TEST(RitzTcl, values_may_be_quoted_as_tcl_quotes_them) {
  const auto secret = [](const std::string& value) { return parse_ritz_tcl("set Secret " + value, "default").secret; };
  EXPECT_EQ(secret(R"("two words")"), "two words");
  EXPECT_EQ(secret(R"({two words})"), "two words");
  EXPECT_EQ(secret(R"("a \"b\" \\c")"), R"(a "b" \c)");
  EXPECT_EQ(secret(R"({a \b})"), R"(a \b)");
  EXPECT_EQ(secret(R"(a\ b)"), "a b");
  EXPECT_EQ(secret(R"("open)"), R"("open)");
  EXPECT_EQ(secret(R"(a\)"), R"(a\)");
  EXPECT_EQ(secret(""), "");
}

TEST(RitzTcl, a_profile_has_lines_of_its_own_only) {
  const std::string text =
      "set Secret plain\nset User ford\nset Secret(lab) other\nset Server(lab) lab.example.org\nset Secret(broken x\n";
  EXPECT_EQ(parse_ritz_tcl(text, "lab"), (Credentials{"lab.example.org", "", "", "other"}));
  EXPECT_EQ(parse_ritz_tcl(text, "default"), (Credentials{"", "", "ford", "plain"}));
  EXPECT_EQ(parse_ritz_tcl(text, "none"), Credentials{});
}

TEST(FromSecrets, finds_the_user_or_says_that_there_is_none) {
  EXPECT_EQ(*from_secrets("arthur tea\nford 42 towels\n", "ford"), (Credentials{"", "", "ford", "42 towels"}));
  EXPECT_THAT(from_secrets("arthur tea\n", "ford").error().message, HasSubstr("no user 'ford'"));
}

}  // namespace
}  // namespace uncork::zino
