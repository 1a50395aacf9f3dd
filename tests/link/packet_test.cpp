#include "link/packet.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <vector>

namespace uncork::link {
namespace {

/// An IPv4 packet with a TCP segment, with that many words of each header and that much payload.
std::vector<std::byte> segment(std::uint8_t ip_words, std::uint8_t tcp_words, std::size_t payload) {
  std::vector<std::byte> packet(std::size_t{4} * ip_words + std::size_t{4} * tcp_words + payload);
  packet[0] = static_cast<std::byte>(0x40 | ip_words);
  packet[9] = std::byte{6};
  packet[std::size_t{4} * ip_words + 12] = static_cast<std::byte>(tcp_words << 4);
  return packet;
}

TEST(CarriesPayload, tells_data_from_an_acknowledgement) {
  EXPECT_TRUE(carries_payload(segment(5, 8, 1)));
  EXPECT_TRUE(carries_payload(segment(5, 8, 1448)));
  EXPECT_FALSE(carries_payload(segment(5, 8, 0)));
}

TEST(CarriesPayload, knows_options_of_both_headers) {
  EXPECT_FALSE(carries_payload(segment(15, 15, 0)));
  EXPECT_TRUE(carries_payload(segment(15, 15, 1)));
}

TEST(CarriesPayload, is_false_for_other_protocols) {
  auto udp = segment(5, 8, 100);
  udp[9] = std::byte{17};
  EXPECT_FALSE(carries_payload(udp));
  auto ipv6 = segment(5, 8, 100);
  ipv6[0] = std::byte{0x65};
  EXPECT_FALSE(carries_payload(ipv6));
}

RC_GTEST_PROP(CarriesPayload, accepts_any_bytes, (const std::vector<std::uint8_t>& bytes)) {
  (void)carries_payload(std::as_bytes(std::span(bytes)));
}

TEST(Packet, of_ipv6_is_none_of_ours) {
  EXPECT_TRUE(is_ipv4(segment(5, 8, 0)));
  std::vector<std::byte> solicitation(48);
  solicitation[0] = std::byte{0x60};
  EXPECT_FALSE(is_ipv4(solicitation));
  EXPECT_FALSE(is_ipv4({}));
}

}  // namespace
}  // namespace uncork::link
