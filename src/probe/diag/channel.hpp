#pragma once
// A netlink socket of the socket monitor (sock_diag).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::probe {

/// An open sock_diag socket, non-blocking. Belongs for good to the network namespace in which its thread was when it was opened,
/// and keeps that namespace alive. Moves, never copies; one thread at a time.
class DiagChannel {
 public:
  /// The kernel hands out chunks of at most 32 KiB; smaller buffers cost more calls (measured), a larger one is for kernels with
  /// large pages.
  static constexpr std::size_t kBufferBytes = 65536;

  /// `groups`: bit n-1 is multicast group n; 0: none.
  [[nodiscard]] static core::Result<DiagChannel> open(std::uint32_t groups = 0);

  [[nodiscard]] core::Status send(std::span<const std::byte> request) const;

  struct Received {
    std::span<const std::byte> datagram;  ///< in the buffer given; empty: nothing came until the deadline
    bool overflow = false;                ///< the kernel had to drop messages of a group since the last one (ENOBUFS)
    bool truncated = false;               ///< the datagram is larger than the buffer: what did not fit is lost
    std::optional<int> nsid{};            ///< of the namespace it came from, where all are listened to
  };
  /// One datagram. The kernel makes each part of a dump while we receive the one before, so that a dump never waits; if it ever
  /// should, not beyond `deadline` (absent: does not wait).
  [[nodiscard]] core::Result<Received> receive(std::span<std::byte> buffer, std::optional<core::Time> deadline) const;

  [[nodiscard]] const core::Fd& fd() const { return fd_; }

 private:
  explicit DiagChannel(core::Fd fd) : fd_(std::move(fd)) {}

  core::Fd fd_;
};

/// The next datagram of a dump: one that is cut off, or that does not come for two seconds, is an error, since sockets are
/// missing then.
[[nodiscard]] core::Result<std::span<const std::byte>> receive_dump(const DiagChannel& channel, std::span<std::byte> buffer);

}  // namespace uncork::probe
