#include "core/json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/core/parsed_json.hpp"

namespace uncork::core {
namespace {

using testing::parsed;

TEST(Json, writes_each_kind_of_value_as_json_has_it) {
  EXPECT_EQ(Json().dump(), "null");
  EXPECT_EQ(Json(nullptr).dump(), "null");
  EXPECT_EQ(Json(true).dump(), "true");
  EXPECT_EQ(Json(-7).dump(), "-7");
  EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).dump(), "18446744073709551615");
  EXPECT_EQ(Json(std::numeric_limits<std::int64_t>::min()).dump(), "-9223372036854775808");
  EXPECT_EQ(Json(0.1).dump(), "0.1");
  EXPECT_EQ(Json(44.0).dump(), "44.0");
  EXPECT_EQ(Json("text").dump(), "\"text\"");
  EXPECT_EQ(Json(std::string("a\0b", 3)).dump(), "\"a\\u0000b\"");
  EXPECT_EQ(Json::array().dump(), "[]");
  EXPECT_EQ(Json::object().dump(), "{}");
}

TEST(Json, has_null_for_numbers_that_are_not_finite) {
  EXPECT_EQ(Json(std::nan("")).dump(), "null");
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
}

TEST(Json, makes_an_object_of_pairs_that_begin_with_a_text_and_an_array_of_all_else) {
  const Json object = {{"a", 1}, {"b", {{"c", nullptr}}}, {"d", {1, "two", false}}};
  EXPECT_EQ(object.dump(), R"({"a":1,"b":{"c":null},"d":[1,"two",false]})");
  const Json array = {{"a", 1}, {2, 3}};
  EXPECT_EQ(array.dump(), R"([["a",1],[2,3]])");
  EXPECT_EQ(Json::array({{"a", 1}, {"b", 2}}).dump(), R"([["a",1],["b",2]])");
}

TEST(Json, reads_back_what_the_library_makes_of_the_same_braces) {
  const nlohmann::json theirs = {
      {"z", {1, 2.5, -3}}, {"a", {{"x", "é\n\"\\"}, {"y", nlohmann::json::array()}}}, {"e", {"p", "q"}}};
  const Json ours = {{"z", {1, 2.5, -3}}, {"a", {{"x", "é\n\"\\"}, {"y", Json::array()}}}, {"e", {"p", "q"}}};
  EXPECT_EQ(ours.dump(), theirs.dump());
}

TEST(Json, sorts_keys_or_keeps_their_order) {
  const Json json = {{"type", "summary"}, {"clients", 3}};
  EXPECT_EQ(json.dump(), R"({"clients":3,"type":"summary"})");
  EXPECT_EQ(json.dump(Json::Order::as_inserted), R"({"type":"summary","clients":3})");
}

TEST(Json, replaces_what_is_not_utf8_and_escapes_what_is_not_ascii_when_asked) {
  EXPECT_EQ(Json("a\xff").dump(), "\"a\uFFFD\"");
  EXPECT_EQ(Json("\u009b").dump(Json::Order::sorted, Json::Charset::ascii), "\"\\u009b\"");
}

TEST(Json, is_built_step_by_step) {
  Json json;
  json["rows"] = Json::array();
  json["rows"].push_back({{"n", 1}});
  json["rows"].push_back(2);
  json["gone"] = true;
  json["n"] = 1;
  json.update({{"n", 2}, {"old", "x"}});
  json.erase("gone");
  json.erase("never there");
  EXPECT_EQ(parsed(json), (nlohmann::json{{"rows", {{{"n", 1}}, 2}}, {"n", 2}, {"old", "x"}}));
  EXPECT_EQ(json.size(), 3U);
}

TEST(Json, is_a_value) {
  Json original = {{"a", {1, 2}}};
  Json copy = original;
  copy["a"].push_back(3);
  EXPECT_EQ(original.dump(), R"({"a":[1,2]})");
  const Json moved = std::move(copy);
  EXPECT_EQ(moved.dump(), R"({"a":[1,2,3]})");
}

TEST(JsonDeathTest, ends_the_program_when_a_number_is_taken_for_an_object) {
  Json number = 1;
  EXPECT_DEATH(number["a"] = 2, "a key is asked of what is no object");
}

}  // namespace
}  // namespace uncork::core
