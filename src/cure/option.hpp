#pragma once
// The socket options that a cure sets from outside.

#include <cstdint>
#include <string_view>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::cure {

enum class SocketOption : std::uint8_t {
  nodelay,  ///< TCP_NODELAY: the sender holds nothing back
  /// TCP_DELACK_MAX_US (Linux 6.15) at the least that the kernel takes: the receiver delays an acknowledgement for two ticks (8
  /// ms where a second has 250) instead of 40 ms. For a receiver whose peers cannot be changed. TCP_QUICKACK would do better and
  /// does not last: the next answer ends it (tcp_input.c: tcp_event_data_recv; measured: 24 of 25 exchanges stalled all the
  /// same).
  quick_acks,
};

/// As setsockopt(2) calls it.
[[nodiscard]] std::string_view name(SocketOption option);
/// In keys and file names: `nodelay`, `quickack`.
[[nodiscard]] std::string_view word(SocketOption option);

/// The shortest longest delay of acknowledgements: two ticks (tcp.h: TCP_TIMEOUT_MIN).
[[nodiscard]] core::Micros shortest_ack_delay();

/// Whether the socket has it: by its program or by us, which nobody can tell apart. Of acknowledgements, whether their longest
/// delay is another than the kernel's own. Errors: not_supported where the kernel does not know the option.
[[nodiscard]] core::Result<bool> is_set(const core::Fd& socket, SocketOption option);

/// Sets it, or puts back what the kernel has by itself.
[[nodiscard]] core::Status set(const core::Fd& socket, SocketOption option, bool on);

}  // namespace uncork::cure
