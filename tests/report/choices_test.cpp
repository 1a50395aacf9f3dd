#include "report/choices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

stall::Account ten_exchanges() {
  stall::Account account;
  account.exchanges = 10;
  return account;
}

const stall::Choice kMerge{"merge the writes", stall::Place::here, core::Micros(400'000), false, -1.0, ""};
const stall::Choice kRoute{"acknowledge at once", stall::Place::other_end, core::Micros(400'000), true, 0.01, "ip route"};

TEST(ChoiceText, says_what_it_gives_and_costs) {
  EXPECT_EQ(choice_text(kMerge, ten_exchanges()), "merge the writes: an exchange ends 40.0 ms sooner, 1.0 segments fewer");
  EXPECT_EQ(choice_text(kRoute, ten_exchanges()),
            "at the other end, acknowledge at once: an exchange ends at most 40.0 ms sooner, as many segments; ip route");
  EXPECT_EQ(choice_text(kMerge, stall::Account{}), "merge the writes: gives back 400 ms, 1.0 segments fewer");
}

TEST(ChoiceLines, are_numbered_and_of_one_alone_there_is_none) {
  EXPECT_EQ(choice_lines({kMerge}, ten_exchanges()), "");
  EXPECT_EQ(
      choice_lines({kMerge, kRoute}, ten_exchanges()),
      "choice 1  merge the writes: an exchange ends 40.0 ms sooner, 1.0 segments fewer\n"
      "choice 2  at the other end, acknowledge at once: an exchange ends at most 40.0 ms sooner, as many segments; ip route\n");
}

TEST(ChoicesJson, has_null_for_segments_that_nobody_counted) {
  stall::Choice unknown = kMerge;
  unknown.segments.reset();
  const core::Json json = choices_json({unknown, kRoute});
  const std::string text = json.dump(core::Json::Order::sorted);
  EXPECT_THAT(text, HasSubstr(R"("segments_per_exchange":null)"));
  EXPECT_THAT(text, HasSubstr(R"("where":"other_end")"));
  EXPECT_THAT(text, HasSubstr(R"("gives_back_ms":400)"));
}

}  // namespace
}  // namespace uncork::report
