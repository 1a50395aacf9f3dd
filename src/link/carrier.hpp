#pragma once
// The thread that carries packets between the devices of a link's two ends, and does to them what the link is made for.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"
#include "link/impairments.hpp"
#include "link/packet_queue.hpp"

namespace uncork::link {

/// Packets of one direction, by what became of them.
struct Counters {
  std::uint64_t carried = 0;  ///< on their way or arrived
  std::uint64_t lost = 0;     ///< by the link's loss, and those that a test has asked for
  std::uint64_t dropped = 0;  ///< found the queue full

  bool operator==(const Counters&) const = default;
};

/// Reads each packet of a TUN device and writes it to the other when it is due, until destroyed; what is under way then is lost.
/// How late the thread wakes (some 10 us on a machine with nothing else to do) comes on top of the delay. Stays where it is,
/// since its thread uses it; the rest of its interface is for any thread.
class Carrier {
 public:
  [[nodiscard]] static core::Result<std::unique_ptr<Carrier>> start(core::Fd near, core::Fd far, const Impairments& impairments);
  ~Carrier();
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  /// The next TCP segment with payload that leaves the near end is lost; nothing after it.
  void drop_next_segment() { drop_ = true; }
  /// Whether it has been.
  [[nodiscard]] bool dropped() const { return !drop_; }
  /// Of what has left the near end (false) or the far one (true).
  [[nodiscard]] Counters counters(bool from_far) const;

 private:
  struct Way {
    Way(core::Fd tunnel, const Impairments& impairments) : from(std::move(tunnel)), queue(impairments) {}
    core::Fd from;
    PacketQueue queue;
    std::array<std::atomic<std::uint64_t>, 3> fates{};  // by Fate
  };

  Carrier(core::Fd near, core::Fd far, core::Fd stop, const Impairments& impairments);
  void carry();
  void take(std::size_t from);
  void deliver(core::Time now);

  std::array<Way, 2> ways_;  // from near, from far
  core::Fd stop_;
  std::atomic<bool> drop_ = false;
  std::jthread thread_;
};

}  // namespace uncork::link
