#pragma once
// What the kernel knows of a TCP socket's own bytes: how many the peer has acknowledged, how many still wait.

#include <chrono>
#include <cstdint>
#include <optional>

namespace uncork::stream {

/// A snapshot. bytes_acked and unacknowledged belong together: their sum is where the stream's written end lies, counted as
/// bytes_acked counts (an offset of one for the SYN included, so compare differences only).
struct tcp_progress {
  std::uint64_t bytes_acked = 0;     ///< RFC 4898 tcpEStatsAppHCThruOctetsAcked, Linux 4.1+: tcp_info.tcpi_bytes_acked
  std::uint64_t unacknowledged = 0;  ///< written and not acknowledged, in the kernel or on its way: SIOCOUTQ
  std::chrono::microseconds rtt{0};  ///< smoothed; 0: none yet
  bool closed = false;               ///< the connection is gone (TCP_CLOSE): nothing more will be acknowledged
};

/// Asks the kernel about `socket`. Nothing if it is no TCP socket, or the kernel does not count. Never blocks.
[[nodiscard]] std::optional<tcp_progress> read_tcp_progress(int socket) noexcept;

}  // namespace uncork::stream
