#pragma once
// What a heartbeat_stream is told, and what it tells.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "uncork/stream/liveness.hpp"

namespace uncork::stream {

struct heartbeat_options {
  /// When the peer is given up, and how often it hears from us. TCP_USER_TIMEOUT stays as it is; it should be unset or at
  /// least `no_progress`: it kills a peer that is slow but alive (measured: 5.2 s after the last accepted write when set to 5 s).
  liveness_limits liveness;
  /// Bytes that one frame may carry, in and out. A heartbeat waits for one frame at most, so over a slow link to a peer under the
  /// policy `heartbeat`: well below the link's rate times the interval.
  std::uint32_t most_payload = 512 * 1024;
  /// Bytes of frames (each counted with 64 more for itself) that may wait for async_read_frame. From there on nothing is read,
  /// and no heartbeat is seen either, until some are taken. A frame is taken in whole, so one may lie over the bound.
  std::size_t inbox_bound = 256 * 1024;
  /// Bytes asked of the kernel at once.
  std::size_t read_size = 64 * 1024;
  /// TCP_NOTSENT_LOWAT: unsent bytes in the kernel. It keeps heartbeats young, and without it the kernel wakes a waiting writer
  /// only when a third of its send buffer is free, which took six to seven times as long as the peer's window did (measured).
  int notsent_low_water = 128 * 1024;
  /// Sends an empty heartbeat right behind each frame that nothing follows, in the same send. For a zrepl as the peer: it hands a
  /// frame over only when the next header has come (that is how it reads ahead), so a lone request would wait for our next
  /// heartbeat; an additional one is what its own code sends to unlock the reader. Between two of ours it buys nothing.
  bool heartbeat_behind_lone_frame = false;
};

/// Counted since the start.
struct heartbeat_stats {
  std::uint64_t heartbeats_sent = 0;
  std::uint64_t heartbeats_received = 0;
  std::uint64_t frames_sent = 0;      ///< without heartbeats
  std::uint64_t frames_received = 0;  ///< without heartbeats
  /// The longest that a write has waited for the kernel to accept more bytes; one that still waits counts.
  std::chrono::steady_clock::duration longest_write_wait{0};
  /// When the no-progress limit was last renewed.
  std::chrono::steady_clock::time_point last_progress;
  /// The clock that ran out, if one has.
  liveness_clock expired = liveness_clock::none;
};

}  // namespace uncork::stream
