#pragma once
// What the link looks at in a packet that it carries.

#include <cstddef>
#include <span>

namespace uncork::link {

/// Whether these are the bytes of an IPv4 packet with a TCP segment that holds data, not only an acknowledgement. Any bytes are
/// accepted.
[[nodiscard]] bool carries_payload(std::span<const std::byte> packet);

}  // namespace uncork::link
