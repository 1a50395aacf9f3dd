#include "lab/criteria.hpp"
#include "tests/core/parsed_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace uncork::lab {
namespace {

using ::testing::HasSubstr;

TEST(Criterion, is_passed_within_its_bounds_both_included) {
  EXPECT_TRUE(at_least("a", "", 2.0, 2).passed());
  EXPECT_FALSE(at_least("a", "", 1.99, 2).passed());
  EXPECT_TRUE(at_most("a", "", 2.0, 2).passed());
  EXPECT_FALSE(at_most("a", "", 2.01, 2).passed());
  EXPECT_TRUE(between("a", "", 1.0, 1, 3).passed());
  EXPECT_TRUE(between("a", "", 3.0, 1, 3).passed());
  EXPECT_FALSE(between("a", "", 3.1, 1, 3).passed());
}

TEST(Criterion, that_could_not_be_measured_is_not_passed) {
  EXPECT_FALSE(at_most("a", "", std::nullopt, 2).passed());
  EXPECT_FALSE(at_least("a", "", std::nullopt, 2).passed());
  EXPECT_FALSE(at_most("a", "", std::numeric_limits<double>::quiet_NaN(), 2).passed());
  EXPECT_FALSE((Criterion{"a", "", std::nullopt, "", true, ""}.passed()));
}

TEST(Criteria, pass_only_all_together_and_never_when_there_are_none) {
  EXPECT_FALSE(all_passed({}));
  EXPECT_TRUE(all_passed({at_least("a", "", 2, 1)}));
  EXPECT_FALSE(all_passed({at_least("a", "", 2, 1), at_least("b", "", 0, 1)}));
}

TEST(Criteria, say_what_was_asked_and_what_was_seen) {
  const std::string text = criteria_text({at_least("a", "at least twice as fast", 3.5, 2, "times"),
                                          at_most("b", "never held", std::nullopt, 0, "ms"), at_most("c", "few sends", 9.0, 1)});
  EXPECT_THAT(text, HasSubstr("passed  at least twice as fast: 3.5 times\n"));
  EXPECT_THAT(text, HasSubstr("FAILED  never held: not measured (could not be measured)\n"));
  EXPECT_THAT(text, HasSubstr("FAILED  few sends: 9\n"));
}

TEST(Criteria, make_one_document_with_the_rows) {
  const auto json = core::testing::parsed(
      scenario_json("name", {at_most("b", "never held", std::nullopt, 0, "ms")}, core::Json::array({1, 2})));
  EXPECT_EQ(json.at("scenario"), "name");
  EXPECT_EQ(json.at("passed"), false);
  EXPECT_EQ(json.at("rows").size(), 2U);
  EXPECT_EQ(json.at("criteria").at(0).at("measured"), nullptr);
  EXPECT_EQ(json.at("criteria").at(0).at("passed"), false);
}

}  // namespace
}  // namespace uncork::lab
