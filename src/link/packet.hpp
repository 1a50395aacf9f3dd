#pragma once
// What the link looks at in a packet that it carries.

#include <cstddef>
#include <span>

namespace uncork::link {

/// Whether the packet is one of IPv4, the only addresses that a link has. Linux also solicits IPv6 routers on every device that
/// comes up, at times of its own: such a packet would be counted, and move the losses of a seed. Any bytes are accepted.
[[nodiscard]] bool is_ipv4(std::span<const std::byte> packet);

/// Whether these are the bytes of an IPv4 packet with a TCP segment that holds data, not only an acknowledgement. Any bytes are
/// accepted.
[[nodiscard]] bool carries_payload(std::span<const std::byte> packet);

}  // namespace uncork::link
