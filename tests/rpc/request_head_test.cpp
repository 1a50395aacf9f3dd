// Deadlines, encodings and tokens.

#include "rpc/request_head.hpp"

#include <gtest/gtest.h>

namespace uncork::rpc {
namespace {

using namespace std::chrono_literals;

TEST(TimeoutOf, reads_what_grpc_writes_and_nothing_else) {
  EXPECT_EQ(timeout_of("1S"), 1s);
  EXPECT_EQ(timeout_of("99999999m"), 99'999'999ms);
  EXPECT_EQ(timeout_of("5u"), 5us);
  EXPECT_EQ(timeout_of("7n"), 7ns);
  EXPECT_EQ(timeout_of("2M"), 2min);
  EXPECT_EQ(timeout_of("99999999H"), std::chrono::hours(24 * 365)) << "no overflow";
  EXPECT_GT(timeout_of("99999999M"), 0s);
  for (const char* text : {"", "S", "1", "1s", "-1S", "1.5S", "100000000S", "1 S", "S1"})
    EXPECT_EQ(timeout_of(text), std::nullopt) << text;
}

TEST(EncodingOf, knows_two_and_names_them) {
  EXPECT_EQ(encoding_of(""), Encoding::identity);
  EXPECT_EQ(encoding_of("identity"), Encoding::identity);
  EXPECT_EQ(encoding_of("gzip"), Encoding::gzip);
  const auto other = encoding_of("snappy");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::unimplemented);
  EXPECT_NE(other.error().message.find("identity,gzip"), std::string::npos);
}

TEST(IsAuthorized, wants_the_whole_token_and_nothing_more) {
  EXPECT_TRUE(is_authorized("Bearer sesame", "sesame"));
  for (const char* given :
       {"", "sesame", "Bearer ", "Bearer sesam", "Bearer sesamE", "Bearer sesame ", "bearer sesame", "Basic sesame"})
    EXPECT_FALSE(is_authorized(given, "sesame")) << given;
}

TEST(PercentEncoded, leaves_visible_ascii_but_the_percent_sign) {
  EXPECT_EQ(percent_encoded("100% \xc3\xa4~\n"), "100%25 %C3%A4~%0A");
}

}  // namespace
}  // namespace uncork::rpc
