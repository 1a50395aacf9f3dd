#pragma once
// An IP address and port: what a person types, what the kernel reports, what a table shows.

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::core {

/// IPv4 or IPv6 address with a port. `bytes` is in network order, IPv4 in the first four. A value: copies and compares.
struct Endpoint {
  enum class Family : std::uint8_t { v4, v6 };
  Family family = Family::v4;
  std::array<std::uint8_t, 16> bytes{};
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

/// Reads `127.0.0.1:8001`, `[::1]:8001`, `localhost:8001`, `:8001` (loopback). Numbers only otherwise: no name service is
/// asked. Errors name the part that is wrong and what is accepted.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

/// `127.0.0.1:8001` or `[::1]:8001`; an IPv4 address mapped into IPv6 is shown as IPv4.
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

/// The same address written as plain IPv4 if it is IPv4 mapped into IPv6 (::ffff:a.b.c.d), so that both ends of one
/// connection compare equal whichever family each end's socket has.
[[nodiscard]] Endpoint unmapped(const Endpoint& endpoint);

/// 127.0.0.0/8 or ::1: it stays within its network namespace.
[[nodiscard]] bool is_loopback(const Endpoint& endpoint);

/// A port from 1 to 65535 (0 too when `zero_allowed`). `argument` is named in the error.
[[nodiscard]] Result<std::uint16_t> parse_port(std::string_view argument, std::string_view text, bool zero_allowed = false);

}  // namespace uncork::core
