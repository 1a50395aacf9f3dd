#pragma once
// Two network namespaces joined by a link with a real delay, which no test machine need support in its kernel.

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"
#include "tests/net/conversation.hpp"
#include "tests/net/namespace.hpp"

namespace uncork::net_test {

/// A TUN device in each of two namespaces, and a thread that carries each IP packet from one to the other after `one_way`, order
/// kept. MTU 1500, no offloads: what TCP sends is what the link carries. Needs root and /dev/net/tun.
class DelayLink {
 public:
  [[nodiscard]] static core::Result<std::unique_ptr<DelayLink>> make(core::Micros one_way);
  ~DelayLink();
  DelayLink(const DelayLink&) = delete;
  DelayLink& operator=(const DelayLink&) = delete;

  /// A client in the near namespace connected to a server in the far one.
  [[nodiscard]] Connection connect(ConnectionOptions options = {}) const;

  /// The next TCP segment with payload that leaves the near end is dropped; nothing after it.
  void drop_next_segment() { drop_ = true; }
  /// Whether it has been dropped.
  [[nodiscard]] bool dropped() const { return !drop_; }

 private:
  struct Packet {
    core::Time due{};
    std::vector<std::byte> bytes;
  };
  struct Side {
    Namespace inside;
    core::Fd device;
    std::deque<Packet> arriving;  // at this side
  };

  DelayLink(std::array<Side, 2> sides, core::Fd stop, core::Micros one_way);
  void carry();
  void take_from(std::size_t side);
  void deliver_due(core::Time now);
  [[nodiscard]] core::Time next_due() const;

  std::array<Side, 2> sides_;  // near, far
  core::Fd stop_;
  core::Micros one_way_;
  std::atomic<bool> drop_ = false;
  std::thread carrier_;
};

}  // namespace uncork::net_test
