#pragma once
// One direction of a slow link, without the link: chunks go in with the time they were read, and come out when they are due.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/clock.hpp"

namespace uncork::relay {

/// Draws the extra delay of one chunk.
using Jitter = std::function<core::Micros()>;

/// Uniform from 0 to `most`, both included; the same seed gives the same draws, neighbouring seeds unrelated ones.
[[nodiscard]] Jitter uniform_jitter(core::Micros most, std::uint64_t seed);

/// How a stream ends.
enum class End : std::uint8_t {
  finished,  ///< half-close: everything before it is still delivered
  reset,     ///< abort: takes effect when it is due, whatever the receiver has not taken by then is lost
};

/// A queue in which every chunk waits for its own time. Sans-I/O: it knows no clock but the times it is given.
///
/// A chunk of n bytes read at t is due at max(t + delay + jitter, the due time before it) + n / rate: the last chunk leaves
/// the sender's side of a link of that rate one transmission time after the one before it. Due times are scheduled when a
/// chunk is read, so a chunk that is taken late does not make the ones behind it late. They never decrease, so order is kept
/// whatever the jitter. Fractions of a microsecond that the rate leaves are carried, not dropped: a million single bytes take
/// as long as one chunk of a million bytes.
///
/// Bytes that wait are bounded: each chunk counts its size and kChunkOverhead (what keeping it costs, so that a flood of
/// single bytes is bounded too). The owner looks at room() before it reads. Value type, not thread-safe.
class DelayLine {
 public:
  static constexpr std::size_t kChunkOverhead = 64;  // a Chunk, its heap block's header, and rounding

  struct Options {
    core::Micros delay{0};
    std::uint64_t rate_bytes_per_second = 0;  ///< 0: no limit
    std::size_t limit_bytes = 256 * 1024;     ///< bound on what waits, overheads included
    Jitter jitter = {};                       ///< empty: none
  };
  struct Chunk {
    std::vector<std::byte> bytes;
    core::Time due;
  };

  explicit DelayLine(Options options) : options_(std::move(options)) {}

  /// The largest chunk that may be pushed now; 0 when full.
  [[nodiscard]] std::size_t room() const;
  /// Takes a copy of one chunk: 1 to room() bytes, before any end.
  void push(std::span<const std::byte> bytes, core::Time read_at);
  /// The stream's end, behind all chunks. A reset may follow a finish that has been taken or not; it replaces it.
  void push_end(End end, core::Time read_at);

  /// The first chunk, if it is due; it stays first until pop().
  [[nodiscard]] const Chunk* due(core::Time now) const;
  void pop();
  /// The end, once it is due; a finish moreover waits until every chunk has been taken.
  [[nodiscard]] std::optional<End> ended(core::Time now) const;

  /// When the first chunk is due, or the end if no chunk waits; none when nothing is to come.
  [[nodiscard]] std::optional<core::Time> next_due() const;
  /// When a reset is due: what a receiver that takes no chunks must still be woken for.
  [[nodiscard]] std::optional<core::Time> reset_due() const;
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  /// Forgets every chunk and the end: nobody is left to take them.
  void clear();

 private:
  struct Ending {
    End kind;
    core::Time due;
  };

  core::Time schedule(std::size_t bytes, core::Time read_at);

  Options options_;
  std::deque<Chunk> chunks_;
  std::optional<Ending> end_;
  std::size_t waiting_bytes_ = 0;
  // The exact time at which the last chunk has passed: busy_until_ and busy_part_ / rate microseconds more.
  core::Time busy_until_ = core::Time::min();
  std::uint64_t busy_part_ = 0;
};

}  // namespace uncork::relay
