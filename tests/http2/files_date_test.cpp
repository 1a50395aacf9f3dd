// Dates of HTTP: what is written, the three forms that are read, and what is none of them.

#include <gmock/gmock.h>

#include <string>

#include "http2/files/http_date.hpp"

namespace uncork::http2 {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using testing::Optional;

constexpr sys_seconds kExample = sys_days(1994y / 11 / 6) + 8h + 49min + 37s;
constexpr sys_seconds kNow = sys_days(2026y / 11 / 26) + 12h;

TEST(HttpDate, is_written_as_the_rfc_has_it) {
  EXPECT_EQ(http_date(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(sys_seconds()), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(sys_days(1969y / 12 / 31) + 23h + 59min + 59s), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(http_date(sys_days(9999y / 12 / 31)), "Fri, 31 Dec 9999 00:00:00 GMT");
}

TEST(HttpDate, is_empty_where_the_year_has_no_four_digits) {
  EXPECT_EQ(http_date(sys_days(10000y / 1 / 1)), "");
  EXPECT_EQ(http_date(sys_days(std::chrono::year(-1) / 12 / 31)), "");
}

TEST(HttpDate, is_read_in_all_three_forms) {
  EXPECT_THAT(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), Optional(kExample));
  EXPECT_THAT(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), Optional(kExample));
  EXPECT_THAT(parse_http_date("Sun Nov  6 08:49:37 1994", kNow), Optional(kExample));
  EXPECT_THAT(parse_http_date("Wed Nov 16 08:49:37 1994", kNow), Optional(kExample + 240h));
}

TEST(HttpDate, reads_what_it_has_written) {
  for (sys_seconds time = sys_days(1901y / 1 / 1); time < sys_days(2110y / 1 / 1); time += 1'000'003s) {
    ASSERT_THAT(parse_http_date(http_date(time), kNow), Optional(time)) << http_date(time);
  }
}

TEST(HttpDate, two_digits_of_a_year_are_at_most_fifty_years_ahead) {
  const auto year_of = [](const char* text) {
    const auto time = parse_http_date(text, kNow);
    return time ? static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(*time)).year()) : 0;
  };
  EXPECT_EQ(year_of("Friday, 26-Nov-26 12:00:00 GMT"), 2026);
  EXPECT_EQ(year_of("Friday, 01-Jan-75 00:00:00 GMT"), 2075);
  EXPECT_EQ(year_of("Friday, 26-Nov-76 00:00:00 GMT"), 2076);
  EXPECT_EQ(year_of("Friday, 27-Nov-76 00:00:00 GMT"), 1976);
  EXPECT_EQ(year_of("Friday, 01-Jan-77 00:00:00 GMT"), 1977);
  EXPECT_EQ(year_of("Friday, 31-Dec-99 00:00:00 GMT"), 1999);
  EXPECT_EQ(year_of("Friday, 01-Jan-00 00:00:00 GMT"), 2000);
}

TEST(HttpDate, has_a_leap_second_and_leap_years) {
  EXPECT_THAT(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", kNow), Optional(sys_seconds(sys_days(2017y / 1 / 1))));
  EXPECT_TRUE(parse_http_date("Tue, 29 Feb 2000 00:00:00 GMT", kNow));
  EXPECT_FALSE(parse_http_date("Thu, 29 Feb 1900 00:00:00 GMT", kNow));
}

TEST(HttpDate, is_refused_unless_it_is_one_to_the_letter) {
  for (const char* text : {"",
                           " ",
                           "0",
                           "GMT",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, -6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov +994 08:49:37 GMT",
                           "Sun, 06 Nov 19941 08:49:37 GMT",
                           "Sun,  6 Nov 1994 08:49:37 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 1994 GMT",
                           "784111777",
                           "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
                           "1994-11-06T08:49:37Z"}) {
    EXPECT_FALSE(parse_http_date(text, kNow)) << text;
  }
}

TEST(HttpDate, of_any_form_with_one_byte_changed_is_none_unless_it_is_another_date) {
  for (const std::string& good : {std::string("Sun, 06 Nov 1994 08:49:37 GMT"), std::string("Sunday, 06-Nov-94 08:49:37 GMT"),
                                  std::string("Sun Nov  6 08:49:37 1994")}) {
    for (std::size_t at = 0; at < good.size(); ++at) {
      EXPECT_FALSE(parse_http_date(good.substr(0, at), kNow));
      for (int byte = 0; byte < 256; ++byte) {
        std::string text = good;
        text[at] = static_cast<char>(byte);
        const auto time = parse_http_date(text, kNow);
        const bool may_be_another = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        ASSERT_TRUE(may_be_another || time.has_value() == (text == good)) << text;
      }
    }
  }
}

}  // namespace
}  // namespace uncork::http2
