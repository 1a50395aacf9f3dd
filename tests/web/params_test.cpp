// Targets of requests.

#include "web/page/params.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::web {
namespace {

using ::testing::HasSubstr;

std::string error_of(std::string_view query) {
  const auto params = Params::parse(query);
  return params ? "" : params.error().message;
}

TEST(Params, are_decoded) {
  const auto params = Params::parse("filter=comm+%3d%20%22a%26b%22&since=10m&empty=&bare");
  ASSERT_TRUE(params) << params.error().message;
  EXPECT_EQ(*params->find("filter"), "comm = \"a&b\"");
  EXPECT_EQ(*params->find("since"), "10m");
  EXPECT_EQ(*params->find("empty"), "");
  EXPECT_EQ(*params->find("bare"), "");
  EXPECT_EQ(params->find("none"), nullptr);
  EXPECT_EQ(params->size(), 4U);
}

TEST(Params, hold_any_byte_but_zero) {
  EXPECT_EQ(*Params::parse("a=%ff%0A")->find("a"), "\xff\n");
  EXPECT_THAT(error_of("a=%00"), HasSubstr("a: a text has no zero byte"));
}

TEST(Params, say_what_is_wrong_with_them) {
  EXPECT_THAT(error_of("since=%4"), HasSubstr("since: '%' must be followed by two hexadecimal digits"));
  EXPECT_THAT(error_of("since=%zz"), HasSubstr("hexadecimal"));
  EXPECT_THAT(error_of("=1"), HasSubstr("a parameter has a name"));
  EXPECT_THAT(error_of("a=1&b=2&a=3"), HasSubstr("a: given twice"));
  std::string many;
  for (int i = 0; i < 33; ++i) many += std::to_string(i) + "=1&";
  EXPECT_THAT(error_of(many), HasSubstr("at most 32"));
}

TEST(Params, that_are_not_known_are_named_with_those_that_are) {
  const auto params = Params::parse("since=1m&sicne=2m");
  ASSERT_TRUE(params);
  EXPECT_TRUE(params->only({"since", "sicne"}));
  const auto known = params->only({"since", "until"});
  ASSERT_FALSE(known);
  EXPECT_EQ(known.error().message, "sicne: no such parameter; known are since, until");
  EXPECT_THAT(params->only({}).error().message, HasSubstr("none is known here"));
}

TEST(Target, is_a_path_and_its_parameters) {
  const auto target = parse_target("/api/services?since=1h");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/api/services");
  EXPECT_EQ(*target->params.find("since"), "1h");
  EXPECT_EQ(parse_target("/")->params.size(), 0U);
  EXPECT_FALSE(parse_target("http://evil.example/"));
  EXPECT_FALSE(parse_target(""));
  EXPECT_FALSE(parse_target("/" + std::string(kLongestTarget, 'a')));
}

}  // namespace
}  // namespace uncork::web
