#pragma once
// Integers of HPACK (RFC 7541 5.1): what fits the prefix of an octet, and else octets of seven bits.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace uncork::http2 {

/// Takes an integer from the beginning of `bytes`, whose first octet has `prefix` bits of it. Nothing if the bytes end inside it,
/// or if it has more than 28 bits beyond the prefix: no length, index or table size here comes near.
[[nodiscard]] inline std::optional<std::uint32_t> take_integer(std::span<const std::byte>& bytes, unsigned prefix) noexcept {
  const std::uint32_t most = (1U << prefix) - 1;
  std::uint32_t value = std::to_integer<std::uint32_t>(bytes.front()) & most;
  bytes = bytes.subspan(1);
  if (value < most) return value;
  for (unsigned shift = 0; shift <= 21; shift += 7) {
    if (bytes.empty()) return std::nullopt;
    const auto octet = std::to_integer<std::uint32_t>(bytes.front());
    bytes = bytes.subspan(1);
    value += (octet & 0x7FU) << shift;
    if ((octet & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

/// Appends an integer; `first` has the bits beside the prefix.
inline void put_integer(std::uint8_t first, unsigned prefix, std::uint32_t value, std::vector<std::byte>& into) {
  const std::uint32_t most = (1U << prefix) - 1;
  if (value < most) {
    into.push_back(static_cast<std::byte>(first | value));
    return;
  }
  into.push_back(static_cast<std::byte>(first | most));
  value -= most;
  for (; value >= 0x80; value >>= 7) into.push_back(static_cast<std::byte>((value & 0x7FU) | 0x80U));
  into.push_back(static_cast<std::byte>(value));
}

}  // namespace uncork::http2
