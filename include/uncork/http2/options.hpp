#pragma once
// What a connection of HTTP/2 promises, what it bounds, and what it counts.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "uncork/http2/memory_budget.hpp"

namespace uncork::http2 {

/// What one message may have; both are checked while it is decoded, so that what is over them is never stored.
struct field_limits {
  std::uint32_t most_fields = 100;   ///< crumbs of a cookie count one by one
  std::uint32_t most_bytes = 16384;  ///< of names and values, and 32 for each field (RFC 9113 6.5.2)
};

/// A token bucket: `burst` at once, and `a_second` in the long run.
struct rate_limit {
  std::uint32_t burst;
  std::uint32_t a_second;
};

/// What a peer may do. Beyond one of them the connection ends with ENHANCE_YOUR_CALM, if nothing else is said.
struct limits {
  /// Beyond it a stream is refused (REFUSED_STREAM). One that was reset counts until its handler is done.
  std::uint32_t concurrent_streams = 100;
  /// Beyond it a request is answered with 431, and a response is reset.
  field_limits fields;
  /// Memory for the fields of all streams together. It must be earned: `fields_free` is there from the beginning, and
  /// `fields_growth` bytes more for each byte that the peer has sent. The free part is what a hundred requests of a browser take
  /// whose blocks are 40 indexed bytes: 1 to 2 KiB each, and the room that their memory has to grow. Honest blocks of more hold
  /// two to four bytes for one, and the indexed ones of a Bomb 1,000 and more (CVE-2026-49975). A request beyond it is refused
  /// (REFUSED_STREAM, which may be tried again); trailers and responses are reset with ENHANCE_YOUR_CALM.
  std::size_t fields_held = 512 * 1024;
  std::size_t fields_free = 256 * 1024;
  std::uint32_t fields_growth = 8;
  /// Memory of everything that the connection holds: tables, streams, fields, blocks, queues, output. To a half of it bodies
  /// may wait; then the owners must, for what leaves at once. To three quarters there are new streams; then they are refused.
  /// The last quarter is for output, which output_high_water bounds, and for frames in pieces; one that does not fit there any
  /// more ends the connection. Ten thousand hostile connections hold 10 GiB then: see options::budget. Bodies that were given
  /// to their owners are theirs, and bounded by options::connection_window.
  std::size_t memory = 1024 * 1024;
  std::uint32_t block_bytes = 32 * 1024;  ///< of a field block as it comes, compressed
  std::uint32_t block_frames = 16;        ///< CONTINUATIONs of a block, empty ones too

  /// Streams that the peer resets. A client of gRPC that ends its calls early resets 1,000 a second and means no harm; work is
  /// bounded by concurrent_streams all the same.
  rate_limit resets{2000, 1500};
  /// Streams that the peer makes this end reset, by an error in each (MadeYouReset, CVE-2025-8671), and requests that are too
  /// large.
  rate_limit provoked_resets{1000, 33};
  rate_limit settings{100, 10};       ///< GOAWAY too
  rate_limit pings{1000, 500};        ///< answers to PING too
  rate_limit priorities{2000, 1000};  ///< PRIORITY, PRIORITY_UPDATE, frames of unknown types
  /// What comes beyond four for each DATA frame that was sent, and two for each request: gRPC's clients open the window of each
  /// call at its beginning.
  rate_limit window_updates{2000, 1000};
  rate_limit empty_data{200, 200};  ///< DATA without a byte of body that ends nothing
  /// Header sections for streams that this end has reset, or beyond its GOAWAY: each must be decoded. A client that cancels
  /// thousands of calls at once gets as many answers still, and their trailers.
  rate_limit late_headers{4000, 2000};

  std::chrono::milliseconds preface_timeout{10'000};   ///< until the peer's SETTINGS have come
  std::chrono::milliseconds settings_timeout{10'000};  ///< until ours are acknowledged: SETTINGS_TIMEOUT
  std::chrono::milliseconds block_timeout{10'000};     ///< until a field block that has begun is whole
  std::chrono::milliseconds idle_timeout{180'000};     ///< without a stream: a graceful end
  /// A stream that has something to send must send, and one whose peer has more to send must receive, `least_progress` bytes in
  /// so long, however many small window updates come; else it is reset with CANCEL.
  std::chrono::milliseconds stall_timeout{30'000};
  std::uint32_t least_progress = 1024;
  /// A request without a length that has not ended, and on which nothing moves in either direction, is reset with CANCEL; any
  /// byte will do, since its messages may be small. Without it a client holds concurrent_streams handlers for ever with one
  /// frame each. Who serves streams that rest honestly, as gRPC's do between two messages, exempts them by
  /// Session::allow_rest(); tunnels (CONNECT) are exempt. 0: never. 60 s is what nginx waits for the next part of a body.
  std::chrono::milliseconds body_timeout{60'000};

  std::size_t stream_queue = 64 * 1024;       ///< bytes of a body that wait to be framed
  std::size_t session_queue = 512 * 1024;     ///< the same of all streams together
  std::size_t output_high_water = 64 * 1024;  ///< from here on nothing more is framed, and nothing should be read
};

/// What this end announces, and the limits that it holds its peer to.
struct options {
  http2::limits limits;
  std::uint32_t stream_window = 128 * 1024;      ///< bytes of a request's body that may come before any is consumed
  std::uint32_t connection_window = 512 * 1024;  ///< the same of all streams together; 65,535 at least (RFC 9113 6.9.2)
  std::uint32_t max_frame_size = 16384;
  bool extended_connect = false;  ///< RFC 8441: WebSocket and the like over a stream
  /// What all connections that were given it may hold together; none: each for itself. See memory_budget.
  std::shared_ptr<memory_budget> budget = nullptr;
};

/// Counts since the session began.
struct statistics {
  std::uint64_t streams = 0;  ///< opened by either side
  std::uint64_t resets_received = 0;
  std::uint64_t resets_sent = 0;
  std::uint64_t provoked_resets = 0;
  std::uint64_t refused_streams = 0;     ///< for whatever reason
  std::uint64_t refused_for_memory = 0;  ///< of them, and of trailers and responses, those beyond fields_held or memory
  std::uint64_t refused_for_budget = 0;  ///< of them, those beyond options::budget
  std::uint64_t too_large = 0;           ///< messages beyond limits::fields
  std::uint64_t malformed = 0;
  std::uint64_t stalled = 0;  ///< streams reset by limits::stall_timeout
  std::uint64_t rested = 0;   ///< streams reset by limits::body_timeout
  std::uint64_t pings = 0;
  std::uint64_t settings = 0;
  std::uint64_t window_updates = 0;
  std::uint64_t empty_data = 0;
  std::uint64_t priorities = 0;
  std::uint64_t late_frames = 0;     ///< for streams that this end had reset before, or beyond its GOAWAY
  std::uint64_t bytes_received = 0;  ///< of all frames
  std::uint64_t body_bytes_received = 0;
  std::uint64_t body_bytes_sent = 0;

  // Why the connection was ended by this end, 0 or 1 each, so that sums over many tell which limits are met.
  std::uint64_t calmed = 0;              ///< ENHANCE_YOUR_CALM for whatever reason
  std::uint64_t blocks_too_long = 0;     ///< limits::block_bytes
  std::uint64_t blocks_of_too_many = 0;  ///< limits::block_frames
  std::uint64_t preface_timeouts = 0;
  std::uint64_t settings_timeouts = 0;
  std::uint64_t block_timeouts = 0;
  std::uint64_t idle_timeouts = 0;
};

}  // namespace uncork::http2
