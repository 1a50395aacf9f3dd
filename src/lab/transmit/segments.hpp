#pragma once
// How many TCP segments a socket has sent, as the kernel counts them.

#include <cstdint>

#include "core/result.hpp"

namespace uncork::lab {

/// A snapshot. The kernel counts what the wire will carry, whatever TSO makes of it on its way (tcp_info.tcpi_data_segs_out).
struct Segments {
  std::uint32_t data_out = 0;       ///< with payload, retransmissions included
  std::uint32_t retransmitted = 0;  ///< of them
  std::uint32_t mss = 0;            ///< payload of a full one, in bytes
};

/// Of a TCP socket; Linux 4.6 or newer.
[[nodiscard]] core::Result<Segments> read_segments(int socket);

}  // namespace uncork::lab
