// Fields: what is put in is there, and what is known of all of it without a look at each.

#include "uncork/http2/fields.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/http2/bytes.hpp"

namespace uncork::http2 {
namespace {

using ::testing::ElementsAre;
using testing::lines_of;

fields request() {
  fields made;
  made.add(":method", "GET");
  made.add(":path", "/");
  made.add("cookie", "a=1");
  made.add("accept", "*/*");
  made.add("cookie", "b=2", true);
  return made;
}

TEST(Fields, stand_in_the_order_in_which_they_came) {
  const fields made = request();
  EXPECT_THAT(lines_of(made), ElementsAre(":method: GET", ":path: /", "cookie: a=1", "accept: */*", "cookie: b=2"));
  EXPECT_EQ(made.list_size(), 10U + 6 + 9 + 9 + 9 + 5 * 32);
  EXPECT_FALSE(made[2].sensitive);
  EXPECT_TRUE(made[4].sensitive);
}

TEST(Fields, are_found_by_name_and_by_token) {
  const fields made = request();
  EXPECT_EQ(made.find("accept"), "*/*");
  EXPECT_EQ(made.find("te"), std::nullopt);
  EXPECT_EQ(made.find(known_field::cookie), "a=1");  // the first
  EXPECT_EQ(made.find(known_field::other), "*/*");
  EXPECT_EQ(made.find(known_field::te), std::nullopt);
  EXPECT_EQ(made.value_or_empty(known_field::path), "/");
  EXPECT_EQ(made.value_or_empty(known_field::host), "");
}

TEST(Fields, know_their_tokens) {
  const fields made = request();
  EXPECT_EQ(made.tokens(),
            bit_of(known_field::method) | bit_of(known_field::path) | bit_of(known_field::cookie) | bit_of(known_field::other));
  EXPECT_EQ(made.repeated_tokens(), bit_of(known_field::cookie));
  EXPECT_TRUE(made.has(known_field::method));
  EXPECT_FALSE(made.has(known_field::status));
}

TEST(Fields, know_whether_a_pseudo_field_is_late) {
  fields made = request();
  EXPECT_FALSE(made.has_late_pseudo());
  made.add(":scheme", "http");
  EXPECT_TRUE(made.has_late_pseudo());
  made.clear();
  EXPECT_FALSE(made.has_late_pseudo());
  made.add(":path", "/");
  made.add(":path", "/");  // again, and not late
  EXPECT_FALSE(made.has_late_pseudo());
}

TEST(Fields, forget_all_when_they_are_cleared_or_moved) {
  fields made = request();
  const fields taken = std::move(made);
  EXPECT_EQ(lines_of(taken), lines_of(request()));
  EXPECT_TRUE(made.empty());  // NOLINT(bugprone-use-after-move): it is what is tested
  EXPECT_EQ(made.find(known_field::path), std::nullopt);
  EXPECT_EQ(made.tokens(), 0U);
  made.add("te", "trailers");
  EXPECT_EQ(made.find(known_field::te), "trailers");
  made.clear();
  EXPECT_EQ(made.find(known_field::te), std::nullopt);
}

TEST(Fields, tell_every_known_name_and_no_other) {
  const std::vector<std::pair<std::string, known_field>> known = {{":method", known_field::method},
                                                                  {":scheme", known_field::scheme},
                                                                  {":authority", known_field::authority},
                                                                  {":path", known_field::path},
                                                                  {":protocol", known_field::protocol},
                                                                  {":status", known_field::status},
                                                                  {"connection", known_field::connection},
                                                                  {"keep-alive", known_field::keep_alive},
                                                                  {"proxy-connection", known_field::proxy_connection},
                                                                  {"transfer-encoding", known_field::transfer_encoding},
                                                                  {"upgrade", known_field::upgrade},
                                                                  {"te", known_field::te},
                                                                  {"host", known_field::host},
                                                                  {"content-length", known_field::content_length},
                                                                  {"cookie", known_field::cookie},
                                                                  {"expect", known_field::expect},
                                                                  {"priority", known_field::priority}};
  for (const auto& [name, token] : known) {
    EXPECT_EQ(known_field_of(name), token) << name;
    const known_field without = name.starts_with(':') ? known_field::unknown_pseudo : known_field::other;
    for (std::size_t i = name.starts_with(':') ? 1 : 0; i < name.size(); ++i) {
      std::string other = name;
      other[i] = other[i] == 'z' ? 'y' : 'z';
      EXPECT_EQ(known_field_of(other), without) << other;
    }
    EXPECT_EQ(known_field_of(name + "x"), without) << name;
  }
  EXPECT_EQ(known_field_of(""), known_field::other);
  EXPECT_EQ(known_field_of(":"), known_field::unknown_pseudo);
}

// What is asked without a look at each is what a look at each finds.
TEST(Fields, sum_up_what_they_are) {
  EXPECT_TRUE(rc::check([] {
    const auto names = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>(":method", ":path", ":odd", "te", "host", "cookie", "x", "priority"));
    fields made;
    std::uint32_t tokens = 0;
    std::uint32_t repeated = 0;
    bool is_late = false;
    for (const std::string& name : names) {
      const known_field token = known_field_of(name);
      is_late = is_late || (is_pseudo(token) && !std::ranges::all_of(made, [](const field& f) { return is_pseudo(f.token); }));
      if (token != known_field::other) repeated |= tokens & bit_of(token);
      tokens |= bit_of(token);
      made.add(name, std::to_string(made.size()));
    }
    RC_ASSERT(made.tokens() == tokens);
    RC_ASSERT(made.repeated_tokens() == repeated);
    RC_ASSERT(made.has_late_pseudo() == is_late);
    for (const field one : made)
      RC_ASSERT(made.find(one.token) == made.find(one.name) || one.token == known_field::unknown_pseudo);
  }));
}

}  // namespace
}  // namespace uncork::http2
