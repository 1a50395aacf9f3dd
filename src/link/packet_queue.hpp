#pragma once
// One direction of a link, without the link: packets go in with the time, and come out when they have arrived.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "link/impairments.hpp"

namespace uncork::link {

/// What became of a packet.
enum class Fate : std::uint8_t {
  carried,  ///< it will arrive
  lost,     ///< on the wire, after it had its time of the rate, as on a real one
  dropped,  ///< the queue before the rate had no room (drop-tail)
};

/// A queue, a wire of a rate, and a delay, in that order. Sans-I/O: it knows no clock but the times that it is given, which may
/// not decrease. Order is kept. A packet of n bytes that comes at t leaves the queue at max(t, when the one before it left) + n /
/// rate, and arrives `one_way` later, rounded up to a microsecond; what the rounding adds is not carried over to the next. One
/// random number is drawn for each packet that gets a place, so the same packets in the same order are lost again by the same
/// seed. Value type, not thread-safe.
class PacketQueue {
 public:
  explicit PacketQueue(const Impairments& impairments) : impairments_(impairments), draws_(impairments.seed) {}

  Fate push(std::span<const std::byte> packet, core::Time now);

  /// The first packet, if it has arrived by now; it stays first until pop(). nullptr: none has.
  [[nodiscard]] const std::vector<std::byte>* arrived(core::Time now) const;
  void pop() { flying_.pop_front(); }
  /// When the first of those under way arrives; Time::max() when none is.
  [[nodiscard]] core::Time next_arrival() const;
  /// Bytes that wait for the rate or are being sent.
  [[nodiscard]] std::size_t queued_bytes(core::Time now);

 private:
  using Nanos = std::chrono::nanoseconds;

  struct Packet {
    core::Time arrives;
    std::vector<std::byte> bytes;
  };
  struct Sending {
    Nanos leaves;
    std::size_t bytes;
  };

  [[nodiscard]] bool draw_loss();

  Impairments impairments_;
  std::mt19937_64 draws_;
  std::deque<Packet> flying_;
  std::deque<Sending> sending_;  // empty without a rate
  std::size_t queued_bytes_ = 0;
  Nanos busy_until_ = Nanos::min();  // since the epoch of core::Time
};

}  // namespace uncork::link
