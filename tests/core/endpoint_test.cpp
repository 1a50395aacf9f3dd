#include "core/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

namespace uncork::core {
namespace {

using testing::HasSubstr;

Endpoint v4(std::array<std::uint8_t, 4> address, std::uint16_t port) {
  Endpoint endpoint{Endpoint::Family::v4, {}, port};
  std::ranges::copy(address, endpoint.bytes.begin());
  return endpoint;
}

Endpoint v6(std::array<std::uint8_t, 16> address, std::uint16_t port) { return {Endpoint::Family::v6, address, port}; }

std::string refusal(std::string_view text) {
  const auto refused = parse_endpoint(text);
  if (refused) return "read as " + to_string(*refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  return refused.error().message;
}

TEST(Endpoint, reads_both_families) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:8001"), v4({127, 0, 0, 1}, 8001));
  EXPECT_EQ(parse_endpoint("[::1]:80"), v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 80));
  EXPECT_EQ(parse_endpoint("[2001:db8::7]:65535"), v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, 65535));
}

TEST(Endpoint, takes_localhost_and_nothing_for_the_loopback_address) {
  EXPECT_EQ(parse_endpoint("localhost:8001"), v4({127, 0, 0, 1}, 8001));
  EXPECT_EQ(parse_endpoint(":8001"), v4({127, 0, 0, 1}, 8001));
}

TEST(Endpoint, takes_port_zero_for_a_port_that_the_kernel_chooses) { EXPECT_EQ(parse_endpoint(":0"), v4({127, 0, 0, 1}, 0)); }

TEST(Endpoint, names_the_part_that_is_wrong) {
  EXPECT_THAT(refusal(""), HasSubstr("address '': no port; accepted: 127.0.0.1:8001"));
  EXPECT_THAT(refusal("127.0.0.1"), HasSubstr("no port"));
  EXPECT_THAT(refusal("[::1]"), HasSubstr("no port after the bracket"));
  EXPECT_THAT(refusal("[::1]x:80"), HasSubstr("no port after the bracket"));
  EXPECT_THAT(refusal("[::1:80"), HasSubstr("the bracket is not closed"));
  EXPECT_THAT(refusal("::1:80"), HasSubstr("an IPv6 address needs brackets"));
  EXPECT_THAT(refusal("example.test:80"), HasSubstr("'example.test' is not an IP address (names are not looked up)"));
  EXPECT_THAT(refusal("127.0.0.1.2:80"), HasSubstr("'127.0.0.1.2' is not an IP address"));
  EXPECT_THAT(refusal("127.1:80"), HasSubstr("'127.1' is not an IP address"));
  EXPECT_THAT(refusal("[127.0.0.1]:80"), HasSubstr("'127.0.0.1' is not an IP address"));
  EXPECT_THAT(refusal("[]:80"), HasSubstr("'' is not an IP address"));
  EXPECT_THAT(refusal("127.0.0.1:"), HasSubstr("port '': a port is a number from 0 to 65535"));
  EXPECT_THAT(refusal("127.0.0.1:65536"), HasSubstr("port '65536': a port is a number from 0 to 65535"));
  EXPECT_THAT(refusal("[::1]:80x"), HasSubstr("port '80x'"));
}

TEST(Endpoint, does_not_stop_reading_at_a_zero_byte) {
  using namespace std::string_literals;
  EXPECT_THAT(refusal("127.0.0.1\0.evil:80"s), HasSubstr("is not an IP address"));
  EXPECT_THAT(refusal("127.0.0.1:80\0"s), HasSubstr("port '80"));
}

TEST(Endpoint, shows_no_more_than_a_line_of_a_hostile_argument) {
  EXPECT_LT(refusal(std::string(100'000, ':')).size(), 400U);
  EXPECT_LT(refusal(std::string(100'000, 'a') + ":1").size(), 400U);
  EXPECT_LT(refusal("127.0.0.1:" + std::string(100'000, '1')).size(), 400U);
}

TEST(Endpoint, shows_an_ipv4_address_mapped_into_ipv6_as_ipv4) {
  const auto mapped = v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3}, 80);
  EXPECT_EQ(to_string(mapped), "10.1.2.3:80");
  EXPECT_EQ(unmapped(mapped), v4({10, 1, 2, 3}, 80));
}

TEST(Endpoint, leaves_alone_what_only_looks_mapped) {
  const auto compatible = v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 2, 3}, 80);
  EXPECT_EQ(unmapped(compatible), compatible);
  const auto plain = v4({10, 1, 2, 3}, 80);
  EXPECT_EQ(unmapped(plain), plain);
}

RC_GTEST_PROP(Endpoint, reads_every_ipv4_address_that_it_prints, (std::array<std::uint8_t, 4> address, std::uint16_t port)) {
  RC_ASSERT((parse_endpoint(to_string(v4(address, port))) == v4(address, port)));
}

RC_GTEST_PROP(Endpoint, reads_every_ipv6_address_that_it_prints, (std::uint16_t port)) {
  // Zeros are what printing abbreviates, and mapped addresses what it rewrites: make both likely.
  const auto octet = rc::gen::weightedOneOf<std::uint8_t>(
      {{3, rc::gen::just(std::uint8_t{0})}, {1, rc::gen::just(std::uint8_t{0xff})}, {3, rc::gen::arbitrary<std::uint8_t>()}});
  const auto address = *rc::gen::container<std::array<std::uint8_t, 16>>(octet);
  RC_ASSERT((parse_endpoint(to_string(v6(address, port))) == unmapped(v6(address, port))));
}

RC_GTEST_PROP(Endpoint, whatever_it_reads_it_prints_readably, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789abcdef::::..[]")));
  const auto read = parse_endpoint(text);
  RC_CLASSIFY(read.has_value(), "accepted");
  if (read) RC_ASSERT((parse_endpoint(to_string(*read)) == unmapped(*read)));
}

RC_GTEST_PROP(Port, reads_what_fits_and_only_that, (std::uint32_t number)) {
  const auto limited = number % 2 == 0 ? number : number % 70'000;  // half of them near the bound
  const auto read = parse_port("--port", std::to_string(limited));
  RC_ASSERT(read.has_value() == (limited >= 1 && limited <= 65535));
  if (read) RC_ASSERT(*read == limited);
}

TEST(Port, is_zero_only_where_that_is_allowed) {
  EXPECT_EQ(parse_port("--port", "0", true), 0);
  const auto refused = parse_port("--port", "0");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "--port '0': a port is a number from 1 to 65535");
}

TEST(Port, takes_digits_only) {
  for (const std::string text : {"", " 80", "80 ", "+80", "-80", "0x50", "8O", "80.0"}) {
    EXPECT_FALSE(parse_port("--port", text)) << text;
  }
}

}  // namespace
}  // namespace uncork::core
