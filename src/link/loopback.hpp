#pragma once
// A loopback with a round trip, in a network namespace of our own: what a test suite on one machine never has.

#include <cstdint>
#include <memory>

#include "core/result.hpp"
#include "link/impairments.hpp"
#include "link/looped_device.hpp"

namespace uncork::link {

/// How we came to have a network of our own.
enum class Standing : std::uint8_t {
  privileged,      ///< as root; the rest of the machine's rights are as before
  user_namespace,  ///< without: this process keeps its user, and its rights end at what it made
};

/// Puts this whole process, for good, into a new network namespace with loopback up and nothing else; its children are born
/// there. Call while it has one thread. Needs CAP_SYS_ADMIN, or a system that lets users make user namespaces; the error says
/// what is missing.
[[nodiscard]] core::Result<Standing> enter_own_network();

/// Sends what goes to 127.0.0.0/8 in the calling thread's network namespace over a device of ours that does `impairments` to each
/// packet, both ways alike, until the object goes. ::1 stays as it was: the kernel drops packets to it that come by another
/// device. Needs CAP_NET_ADMIN there, /dev/net/tun and a writable /proc/sys/net; the error says what is missing.
[[nodiscard]] core::Result<std::unique_ptr<LoopedDevice>> impair_loopback(const Impairments& impairments);

}  // namespace uncork::link
