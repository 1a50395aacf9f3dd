// What somebody wants to see, in an address or over a WebSocket.

#include "web/page/view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::web {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'795'788'000'000'000'000;
constexpr std::int64_t kMinute = 60'000'000'000;

core::Result<View> view(std::string_view query) { return view_of(*Params::parse(query), kNow); }
std::string error_of(std::string_view query) {
  const auto read = view(query);
  return read ? "" : read.error().message;
}

TEST(View, is_of_ten_minutes_of_services_if_nothing_is_said) {
  const auto usual = view("");
  ASSERT_TRUE(usual);
  EXPECT_EQ(*usual, View{});
  EXPECT_EQ(*usual->span(kNow), (sink::Span{kNow - 10 * kMinute, kNow}));
}

TEST(View, moves_on_with_the_time) {
  EXPECT_EQ(*view("since=1h")->span(kNow + kMinute), (sink::Span{kNow - 59 * kMinute, kNow + kMinute}));
}

TEST(View, says_which_parameter_is_wrong) {
  EXPECT_THAT(error_of("since=yesterday"), HasSubstr("since 'yesterday'"));
  EXPECT_THAT(error_of("until=x"), HasSubstr("until 'x'"));
  EXPECT_THAT(error_of("since=1m&until=5m"), HasSubstr("since: it must be before until"));
  EXPECT_THAT(error_of("by=port"), HasSubstr("by 'port': one of service, peer, container, process"));
  EXPECT_THAT(error_of("filter=lost+%3E"), HasSubstr("filter: column 7"));
}

TEST(View, of_one_service_names_it) {
  const auto like = services_like(*Params::parse("service=nginx&role=server&port=80&netns=&container=web-1"));
  ASSERT_TRUE(like) << like.error().message;
  EXPECT_EQ(like->command, "nginx");
  EXPECT_EQ(like->role, stall::Role::responder);
  EXPECT_EQ(like->port, 80);
  EXPECT_EQ(like->netns, "");
  EXPECT_EQ(like->container, "web-1");
  EXPECT_TRUE(like->takes({.key = {"nginx", stall::Role::responder, 80, ""}, .container = "web-1"}));
  EXPECT_FALSE(like->takes({.key = {"nginx", stall::Role::responder, 81, ""}, .container = "web-1"}));
  EXPECT_FALSE(services_like(*Params::parse("port=80")));
  EXPECT_FALSE(services_like(*Params::parse("service=a&role=boss")));
  EXPECT_FALSE(services_like(*Params::parse("service=a&port=65536")));
}

TEST(Wish, is_an_object_of_texts) {
  const auto wish = parse_wish(R"({"since":"1h","filter":"comm = \"ä\""})");
  ASSERT_TRUE(wish) << wish.error().message;
  EXPECT_EQ(*wish->find("since"), "1h");
  EXPECT_EQ(*wish->find("filter"), "comm = \"ä\"");
  EXPECT_EQ(parse_wish("{}")->size(), 0U);
}

TEST(Wish, of_any_other_shape_is_refused) {
  for (const char* text : {"", "[", "[]", "1", "null", "\"since\"", R"({"since":10})", R"({"since":null})", R"({"a":{"b":"c"}})",
                           R"({"a":["b"]})", R"({"since":"1m","since":"2m"})", R"({"a":"\u0000"})", R"({"a":"b"} x)"}) {
    EXPECT_FALSE(parse_wish(text)) << text;
  }
  EXPECT_FALSE(parse_wish(R"({"filter":")" + std::string(kLongestWish, ' ') + "\"}"));
  EXPECT_FALSE(parse_wish(std::string(kLongestWish, '[')));
}

}  // namespace
}  // namespace uncork::web
