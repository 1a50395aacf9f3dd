#pragma once
// A socket that the lab makes, on an address that no other namespace has, and what its owner knows of it.

#include <cstdint>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "lab/sockets/seen_look.hpp"

namespace uncork::lab {

/// A socket as its owner knows it: from getsockname, getpeername and SO_COOKIE.
struct OwnSocket {
  std::uint64_t cookie = 0;
  SocketAddress local;
  SocketAddress peer;  ///< of a listener: none
};

/// How the two ends of a connection name each other: IPv4, IPv6, or an IPv4 client of an IPv6 listener, which the server's side
/// shows as `::ffff:127.64.0.1`.
enum class Family : std::uint8_t { v4, v6, mapped };
inline constexpr unsigned kFamilies = 3;

/// Namespaces whose addresses differ: the number is the lower part of 127.64.0.0/10 and of 2001:db8::/32.
inline constexpr std::uint32_t kAddresses = 1U << 22U;

struct ConnectedPair {
  core::Fd client;
  core::Fd server;
};

enum class Connected : bool { no, yes };

// Each in the namespace that the calling thread is in.
[[nodiscard]] core::Status add_v6_address(std::uint32_t number);  ///< to loopback
[[nodiscard]] core::Result<core::Fd> open_listener(std::uint32_t number, Family family);
[[nodiscard]] core::Result<ConnectedPair> connect_to(const core::Fd& listener, std::uint32_t number, Family family);

[[nodiscard]] core::Result<OwnSocket> describe(const core::Fd& socket, Connected connected);

}  // namespace uncork::lab
