#pragma once
// What stands behind an operator: quantities with units, ports, addresses with their prefix. Read exactly, printed so that they
// are read as the same again.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::filter {

/// What a quantity counts, and in what it is compared.
enum class Quantity : std::uint8_t {
  count,  ///< no unit
  time,   ///< nanoseconds
  bytes,  ///< bytes
  rate,   ///< bits a second
};

/// Whether `text` begins as a number does.
[[nodiscard]] bool is_number(std::string_view text);
/// `1.5ms`, `20us`, `8KiB`, `10 MB`, `100Mbps`, `0x1f`. Only a count, bytes and 0 need no unit. The error names the units.
[[nodiscard]] core::Result<std::uint64_t> parse_quantity(Quantity quantity, std::string_view text);
[[nodiscard]] std::string to_string(Quantity quantity, std::uint64_t value);
/// Whether `word` is a unit of `quantity`, such as may stand apart from its number.
[[nodiscard]] bool is_unit(Quantity quantity, std::string_view word);

/// `443`, `:443`, `:https`.
[[nodiscard]] core::Result<std::uint16_t> parse_port(std::string_view text);

/// What `src` and `dst` are compared with, as ss(8) writes it.
struct Host {
  enum class Family : std::uint8_t { any, v4, v6 };
  Family family = Family::any;
  std::array<std::uint8_t, 16> bytes{};  ///< IPv4 as ::ffff:a.b.c.d; zero behind the prefix
  std::uint8_t bits = 0;                 ///< how many leading bits of `bytes` count
  bool only_v4 = false;                  ///< `inet:` stood in front: not the IPv4 peers of IPv6 sockets
  std::optional<std::uint16_t> port;

  bool operator==(const Host&) const = default;
};

/// `10.0.0.0/8`, `127.0.0.1:22`, `[::1]:443`, `[fe80::/10]`, `::1`, `*:22`, `:22`, `inet6:*`, `10/8`. Numbers only: no name
/// service is asked.
[[nodiscard]] core::Result<Host> parse_host(std::string_view text);
[[nodiscard]] std::string to_string(const Host& host);
/// Whether a socket of `family` (4 or 16 bytes of `address` count) with `port` is one that `host` means.
[[nodiscard]] bool contains(const Host& host, Host::Family family, const std::array<std::uint8_t, 16>& address,
                            std::uint32_t port);

}  // namespace uncork::filter
