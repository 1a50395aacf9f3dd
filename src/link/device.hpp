#pragma once
// Network devices in the calling thread's namespace: a cable, a device whose packets we carry ourselves.

#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::link {

/// What the device of a link is called, at both ends.
inline constexpr const char* kDevice = "uncork0";

/// A pair of virtual Ethernet devices: one end here, the other in the namespace that `far` is a descriptor of.
[[nodiscard]] core::Status make_cable(const core::Fd& far);

/// A device whose packets are read from and written to the descriptor, an IP packet a call; non-blocking. It keeps up to
/// `queue_packets` that have not been read yet. Errors say what is missing: /dev/net/tun, the right to use it.
[[nodiscard]] core::Result<core::Fd> make_tunnel(int queue_packets);

/// Up without an address: loopback has one.
[[nodiscard]] core::Status bring_up(const char* device);
/// The same; `mtu_bytes` is the largest packet.
[[nodiscard]] core::Status bring_up(const char* device, int mtu_bytes);
/// With an IPv4 address and the netmask 255.255.255.0; `mtu_bytes` is the largest packet.
[[nodiscard]] core::Status bring_up(const char* device, const core::Endpoint& address, int mtu_bytes);

}  // namespace uncork::link
