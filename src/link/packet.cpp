#include "link/packet.hpp"

namespace uncork::link {
namespace {

constexpr std::size_t kTcp = 6;  // IANA's number of the protocol

}  // namespace

bool is_ipv4(std::span<const std::byte> packet) { return !packet.empty() && std::to_integer<unsigned>(packet[0]) >> 4 == 4; }

// RFC 791 3.1 and RFC 9293 3.1: header lengths in words of four bytes.
bool carries_payload(std::span<const std::byte> packet) {
  const auto byte = [&](std::size_t at) { return std::to_integer<std::size_t>(packet[at]); };
  if (packet.size() < 40 || !is_ipv4(packet) || byte(9) != kTcp) return false;
  const std::size_t ip_bytes = (byte(0) & 15) * 4;
  if (packet.size() < ip_bytes + 20) return false;
  return packet.size() > ip_bytes + (byte(ip_bytes + 12) >> 4) * 4;
}

}  // namespace uncork::link
