#include "relay/proxy_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::relay {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

core::Endpoint endpoint(std::string_view text) {
  auto parsed = core::parse_endpoint(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : core::Endpoint{};
}

ProxyOptions usable() {
  ProxyOptions options;
  options.listen = endpoint("127.0.0.1:0");
  options.connect = endpoint("127.0.0.1:8001");
  return options;
}

std::string complaint(const ProxyOptions& options) {
  const auto status = check(options);
  if (status) return "";
  EXPECT_EQ(status.error().code, core::ErrorCode::invalid_argument);
  return status.error().message;
}

TEST(ProxyOptions, accept_loopback_listeners_of_both_families) {
  for (const auto* listen : {"127.0.0.1:0", "127.9.8.7:80", "[::1]:0", "[::ffff:127.0.0.1]:0"}) {
    ProxyOptions options = usable();
    options.listen = endpoint(listen);
    EXPECT_EQ(complaint(options), "") << listen;
  }
}

TEST(ProxyOptions, refuse_a_listener_that_others_reach_unless_told) {
  for (const auto* listen : {"0.0.0.0:8001", "192.0.2.1:8001", "[::]:8001", "[2001:db8::1]:8001", "[::ffff:192.0.2.1]:8001"}) {
    ProxyOptions options = usable();
    options.listen = endpoint(listen);
    EXPECT_THAT(complaint(options), testing::AllOf(HasSubstr("--listen "), HasSubstr("loopback"), HasSubstr("--allow-remote")))
        << listen;
    options.reach = Reach::anyone;
    EXPECT_EQ(complaint(options), "") << listen;
  }
}

TEST(ProxyOptions, refuse_a_target_without_a_port) {
  ProxyOptions options = usable();
  options.connect.port = 0;
  EXPECT_THAT(complaint(options), HasSubstr("--connect 127.0.0.1:0"));
}

TEST(ProxyOptions, refuse_a_bound_that_holds_no_chunk) {
  ProxyOptions options = usable();
  options.limit_bytes = 4095;
  EXPECT_THAT(complaint(options), HasSubstr("4096"));
  options.limit_bytes = 4096;
  EXPECT_EQ(complaint(options), "");
}

TEST(ProxyOptions, let_less_wait_on_a_plain_relay_than_on_a_delayed_one) {
  ProxyOptions options = usable();
  EXPECT_EQ(default_limit(options), 256U * 1024);
  options.delay = milliseconds(1);
  EXPECT_EQ(default_limit(options), 16U * 1024 * 1024);
}

TEST(ProxyOptions, let_what_the_rate_sends_in_the_delay_wait) {
  ProxyOptions options = usable();
  options.delay = milliseconds(200);
  options.jitter = milliseconds(50);
  options.rate_bytes_per_second = 1'000'000'000;
  EXPECT_EQ(default_limit(options), 250'000'000U);
}

TEST(ParseBytes, reads_numbers_and_suffixes) {
  const std::pair<const char*, std::uint64_t> accepted[] = {
      {"125000", 125'000}, {"64k", 64'000},       {"64K", 64'000}, {"10M", 10'000'000},
      {"1.5M", 1'500'000}, {"2G", 2'000'000'000}, {"1", 1}};
  for (const auto& [text, bytes] : accepted) EXPECT_EQ(parse_bytes("--rate", text), bytes) << text;
}

TEST(ParseBytes, names_the_argument_and_what_is_accepted) {
  for (const auto* text : {"", "fast", "0", "-5", "0.2", "10m", "10 M", "10MB", "nan", "inf", "1e99", "1001G", "k"}) {
    const auto refused = parse_bytes("--rate", text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().message, testing::StartsWith("--rate '" + std::string(text) + "': "));
    EXPECT_EQ(refused.error().code, core::ErrorCode::invalid_argument);
  }
}

TEST(ParseMilliseconds, reads_bare_numbers) {
  EXPECT_EQ(parse_milliseconds("--delay-ms", "0"), core::Micros(0));
  EXPECT_EQ(parse_milliseconds("--delay-ms", "20"), core::Micros(20'000));
  EXPECT_EQ(parse_milliseconds("--delay-ms", "0.5"), core::Micros(500));
  EXPECT_EQ(parse_milliseconds("--delay-ms", "3600000"), core::Micros(std::chrono::hours(1)));
}

TEST(ParseMilliseconds, refuses_units_negatives_and_more_than_an_hour) {
  for (const auto* text : {"", "20ms", "-1", "nan", "3600001", "x"}) {
    const auto refused = parse_milliseconds("--delay-ms", text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().message, testing::StartsWith("--delay-ms '" + std::string(text) + "': "));
  }
}

TEST(ParseNagle, knows_on_and_off_only) {
  EXPECT_EQ(parse_nagle("--nagle", "on"), Nagle::on);
  EXPECT_EQ(parse_nagle("--nagle", "off"), Nagle::off);
  for (const auto* text : {"", "ON", "0", "offf"}) {
    const auto refused = parse_nagle("--nagle", text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().message, "--nagle '" + std::string(text) + "': give on or off");
  }
}

TEST(ParseSeed, reads_every_number_of_64_bits) {
  EXPECT_EQ(parse_seed("--seed", "0"), 0U);
  EXPECT_EQ(parse_seed("--seed", "18446744073709551615"), UINT64_MAX);
  for (const auto* text : {"", "-1", "1.5", "x", "18446744073709551616"}) EXPECT_FALSE(parse_seed("--seed", text)) << text;
}

}  // namespace
}  // namespace uncork::relay
