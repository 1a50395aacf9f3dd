#pragma once
// What a session knows of one stream.

#include <cstdint>
#include <memory>
#include <optional>

#include "http2/frame.hpp"
#include "http2/message_rules.hpp"
#include "http2/session/body_queue.hpp"
#include "http2/session/priority.hpp"
#include "uncork/http2/external_body.hpp"
#include "uncork/http2/fields.hpp"
#include "uncork/http2/types.hpp"

namespace uncork::http2 {

/// Numbers and marks, which a stream begins with anew.
struct StreamState {
  stream_id id = 0;

  // What comes. Open until END_STREAM or a reset (RFC 9113 5.1).
  bool receives = false;
  bool has_message = false;  // the header section has come, interim responses aside
  MessageFacts facts;
  std::uint64_t body_received = 0;
  std::int64_t receive_window = 0;  // what the peer may still send
  std::uint32_t unreturned = 0;     // consumed, and not given back by a WINDOW_UPDATE yet
  std::uint32_t unconsumed = 0;     // given to the owner, who has not consumed it

  std::size_t lent = 0;  // bytes of memory that the owner has taken with the message

  // What leaves. Open until END_STREAM has been framed, or a reset.
  bool sends = false;
  bool has_headers = false;  // the final header section has been sent
  bool ends_after_queue = false;
  bool has_trailers = false;
  std::int64_t send_window = 0;     // may be negative (RFC 9113 6.9.2)
  std::uint64_t external_left = 0;  // bytes of an external body that are not framed yet
  bool wants_room = false;          // the owner was told that the queue is full

  // Its owner, a handler or the one who asked.
  bool is_owned = false;
  void* user = nullptr;  // what it calls the stream

  http2::Priority priority;
  bool is_scheduled = false;

  // For limits::stall_timeout: how much had moved when, and what had.
  std::uint64_t moved = 0;  // bytes of bodies, either way
  time_point progress_since{};
  std::uint64_t moved_before = 0;     // at progress_since
  std::uint64_t all_sent_before = 0;  // bytes of bodies of all streams, at progress_since

  // For limits::body_timeout.
  bool may_rest = false;
  time_point rests_since{};
  std::uint64_t moved_at_rest = 0;
};

/// A stream that is not idle, until both sides have ended it and its owner has released it. Plain data; the session keeps its
/// rules.
struct Stream : StreamState {
  fields message;   // of the event that was given out last
  fields trailers;  // that follow the queue
  BodyQueue queue;
  std::shared_ptr<external_body> external;  // instead of the queue; null when none of it is left to frame

  // What the table has counted of it: of the message, what was lent of it too, and of all three.
  std::size_t fields_held = 0;
  std::size_t held = 0;

  [[nodiscard]] bool has_body() const noexcept { return !queue.empty() || external_left != 0; }
  [[nodiscard]] bool is_closed() const noexcept { return !receives && !sends; }
};

}  // namespace uncork::http2
