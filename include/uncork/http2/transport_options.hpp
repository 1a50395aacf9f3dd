#pragma once
// How the frames of a connection become sends.

#include <chrono>
#include <cstdint>

namespace uncork::http2 {

/// When what was submitted is sent. Everything but `turn` is there to measure what it costs (`uncork lab http2`).
enum class flush_rule : std::uint8_t {
  turn,       ///< once, when all handlers of a turn of the event loop have run
  response,   ///< with the end of each message
  frame,      ///< each frame by itself
  frame_more  ///< the same with MSG_MORE on all but the last
};

struct transport_options {
  flush_rule flush = flush_rule::turn;
  bool no_delay = true;  ///< TCP_NODELAY. Nagle's algorithm adds nothing to `turn` but the stalls that it is known for
  /// A peer that takes no byte for so long, while some wait for it, has gone.
  std::chrono::milliseconds send_timeout{60'000};
};

}  // namespace uncork::http2
