#include "core/when.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>  // setenv

#include <ctime>

namespace uncork::core {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'795'788'000 * kSecond;  // 2026-11-27T14:00:00Z

/// In a zone of the test's own.
struct WhenTest : ::testing::Test {
  static void in_zone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  void TearDown() override {
    ::unsetenv("TZ");
    ::tzset();
  }
};

std::int64_t seconds_before_now(std::string_view text) {
  const auto when = parse_when("--at", text, kNow);
  EXPECT_TRUE(when.has_value()) << text << ": " << (when ? "" : when.error().message);
  return when ? (kNow - *when) / kSecond : -1;
}

TEST_F(WhenTest, a_duration_is_so_long_ago) {
  EXPECT_EQ(seconds_before_now("10m"), 600);
  EXPECT_EQ(seconds_before_now("1.5s") * kSecond, kSecond);
  EXPECT_EQ(seconds_before_now("7d"), 7 * 86400);
  EXPECT_EQ(seconds_before_now("now"), 0);
}

TEST_F(WhenTest, a_time_of_day_is_the_last_one) {
  in_zone("UTC");
  EXPECT_EQ(seconds_before_now("13:58"), 120);
  EXPECT_EQ(seconds_before_now("13:59:50"), 10);
  EXPECT_EQ(seconds_before_now("14:00"), 0);
  EXPECT_EQ(seconds_before_now("14:01"), 86400 - 60);
}

TEST_F(WhenTest, a_time_is_in_the_zone_of_the_process_or_in_utc_behind_a_Z) {
  in_zone("UTC-2");  // two hours east
  EXPECT_EQ(seconds_before_now("15:59"), 60);
  EXPECT_EQ(seconds_before_now("13:59Z"), 60);
  EXPECT_EQ(seconds_before_now("2026-11-27T15:59"), 60);
  EXPECT_EQ(seconds_before_now("2026-11-27T13:59Z"), 60);
  EXPECT_EQ(seconds_before_now("2026-11-27 13:59:30Z"), 30);
  EXPECT_EQ(seconds_before_now("2026-11-27"), 16 * 3600);
  EXPECT_EQ(local_time_text(kNow), "2026-11-27 16:00:00");
}

TEST_F(WhenTest, what_is_no_time_is_refused_with_what_is_accepted) {
  for (const char* text : {"",           "14",         "14:",        "24:00",       "14:60",         "14:03:",     "14:03:60",
                           "2026-02-30", "2026-13-01", "1969-12-31", "2026-11-27T", "2026-11-27T14", "27.11.2026", "10",
                           "d",          "-1d",        "99999d",     "14:03ZZ",     "yesterday",     "1e9h"}) {
    const auto when = parse_when("--at", text, kNow);
    ASSERT_FALSE(when.has_value()) << text;
    EXPECT_EQ(when.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(when.error().message,
              "--at '" + std::string(text) +
                  "': not a time; give a time of day such as 14:03, a day with one such as 2026-11-27T14:03, or how long ago it "
                  "was, such as 10m or 7d");
  }
}

}  // namespace
}  // namespace uncork::core
