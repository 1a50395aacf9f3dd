#include "core/duration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace uncork::core {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr Micros kLongest = std::chrono::days(24);

void expect_refused(const std::string& text, const std::string& why) {
  const auto refused = parse_duration("--for", text);
  ASSERT_FALSE(refused) << text << " was read as " << refused->count() << " us";
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, StartsWith("--for '" + text.substr(0, 40) + "': " + why));
  EXPECT_THAT(refused.error().message, HasSubstr("give a number and a unit"));
}

TEST(Duration, reads_every_unit) {
  EXPECT_EQ(parse_duration("--for", "40us"), Micros(40));
  EXPECT_EQ(parse_duration("--for", "250ms"), Micros(250'000));
  EXPECT_EQ(parse_duration("--for", "10s"), Micros(10'000'000));
  EXPECT_EQ(parse_duration("--for", "2m"), Micros(120'000'000));
  EXPECT_EQ(parse_duration("--for", "1h"), Micros(3'600'000'000));
}

TEST(Duration, reads_fractions_and_zero) {
  EXPECT_EQ(parse_duration("--for", "1.5s"), Micros(1'500'000));
  EXPECT_EQ(parse_duration("--for", ".5ms"), Micros(500));
  EXPECT_EQ(parse_duration("--for", "0.6us"), Micros(1));
  EXPECT_EQ(parse_duration("--for", "0s"), Micros(0));
}

TEST(Duration, says_which_part_it_cannot_read) {
  expect_refused("", "not a number");
  expect_refused("ms", "not a number");
  expect_refused("+1s", "not a number");
  expect_refused(" 1s", "not a number");
  expect_refused("10", "no unit");
  expect_refused("10 s", "unknown unit ' s'");
  expect_refused("10S", "unknown unit 'S'");
  expect_refused("1e3s", "unknown unit 'e3s'");
  expect_refused("1s1s", "unknown unit 's1s'");
}

TEST(Duration, takes_no_negative_and_no_number_that_is_none) {
  expect_refused("-1s", "a duration cannot be negative");
  expect_refused("nans", "not a number");
  expect_refused("infs", "not a number");
}

TEST(Duration, takes_24_days_and_not_a_microsecond_more) {
  EXPECT_EQ(parse_duration("--for", "576h"), kLongest);
  EXPECT_EQ(parse_duration("--for", "2073600000000us"), kLongest);
  expect_refused("2073600000001us", "longer than 24 days");
  expect_refused("577h", "longer than 24 days");
}

TEST(Duration, is_not_impressed_by_hundreds_of_digits) {
  expect_refused(std::string(400, '9') + "s", "more digits than a duration can use");
  expect_refused("0." + std::string(400, '0') + "1s", "more digits than a duration can use");
}

RC_GTEST_PROP(Duration, reads_whole_numbers_exactly_up_to_the_bound, ()) {
  const auto number = *rc::gen::inRange<std::int64_t>(0, *rc::gen::element<std::int64_t>(1'000, 3'000'000, 4'000'000'000));
  const auto text = std::to_string(number);
  RC_ASSERT((parse_duration("--for", text + "us") == Micros(number)));
  RC_ASSERT((parse_duration("--for", text + "ms").has_value() == (std::chrono::milliseconds(number) <= kLongest)));
  RC_ASSERT((parse_duration("--for", text + "s").has_value() == (std::chrono::seconds(number) <= kLongest)));
  if (number < 1'000'000)
    RC_ASSERT((parse_duration("--for", text + "h").has_value() == (std::chrono::hours(number) <= kLongest)));
}

RC_GTEST_PROP(Duration, whatever_it_reads_is_within_its_bounds, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789.-+eusmhnaif ")));
  const auto read = parse_duration("--for", text);
  RC_CLASSIFY(read.has_value(), "accepted");
  if (read) RC_ASSERT(*read >= Micros(0) && *read <= kLongest);
}

TEST(Duration, prints_three_digits_and_the_unit_that_fits) {
  EXPECT_EQ(to_string(Micros(0)), "0 us");
  EXPECT_EQ(to_string(Micros(980)), "980 us");
  EXPECT_EQ(to_string(Micros(1'000)), "1.00 ms");
  EXPECT_EQ(to_string(Micros(41'300)), "41.3 ms");
  EXPECT_EQ(to_string(Micros(2'100'000)), "2.10 s");
  EXPECT_EQ(to_string(Micros(3'600'000'000)), "3600 s");
  EXPECT_EQ(to_string(Micros(-41'300)), "-41.3 ms");
}

TEST(Duration, changes_the_unit_where_rounding_would_print_a_thousand) {
  EXPECT_EQ(to_string(Micros(999)), "999 us");
  EXPECT_EQ(to_string(Micros(9'994)), "9.99 ms");
  EXPECT_EQ(to_string(Micros(9'995)), "10.0 ms");
  EXPECT_EQ(to_string(Micros(99'950)), "100 ms");
  EXPECT_EQ(to_string(Micros(999'499)), "999 ms");
  EXPECT_EQ(to_string(Micros(999'500)), "1.00 s");
}

}  // namespace
}  // namespace uncork::core
