#pragma once
// How many TCP sockets the kernel itself counts in a network namespace.

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/result.hpp"

namespace uncork::probe {

/// A value. Request sockets (connections not yet made) are in none of these.
struct SocketCount {
  std::uint64_t ipv4 = 0;  ///< listening or connected: every state but TIME_WAIT
  std::uint64_t ipv6 = 0;
  std::uint64_t time_wait = 0;  ///< of both families

  [[nodiscard]] std::uint64_t total() const { return ipv4 + ipv6 + time_wait; }
  bool operator==(const SocketCount&) const = default;
};

/// Reads /proc/net/sockstat and sockstat6 (empty where the kernel has no IPv6). nullopt: not as proc(5) has them.
[[nodiscard]] std::optional<SocketCount> parse_sockstat(std::string_view sockstat, std::string_view sockstat6);

/// Of the network namespace in which the calling thread is.
[[nodiscard]] core::Result<SocketCount> count_sockets();

}  // namespace uncork::probe
