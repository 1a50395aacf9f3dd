#pragma once
// The thread that gives packets to one machine's own addresses a round trip: what leaves by a device comes back by the same one.

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "link/carrier.hpp"
#include "link/impairments.hpp"
#include "link/packet_queue.hpp"

namespace uncork::link {

/// Reads each packet of a TUN device and writes it back when it is due, until destroyed; what is under way then is lost. So a
/// request takes `one_way`, and its answer takes it again. How late the thread wakes (some 10 us on a machine with nothing else
/// to do) comes on top. Stays where it is, since its thread uses it; the rest of its interface is for any thread.
class LoopedDevice {
 public:
  /// What may be under way at once: 64 MiB is half a second at 1 Gbit/s. What comes on top is dropped, and counted.
  static constexpr std::size_t kMostBytes = 64 << 20;

  [[nodiscard]] static core::Result<std::unique_ptr<LoopedDevice>> start(core::Fd tunnel, const Impairments& impairments);
  ~LoopedDevice();
  LoopedDevice(const LoopedDevice&) = delete;
  LoopedDevice& operator=(const LoopedDevice&) = delete;

  /// Of every packet that has left by the device.
  [[nodiscard]] Counters counters() const;

 private:
  LoopedDevice(core::Fd tunnel, core::Fd stop, const Impairments& impairments);
  void carry();
  void take();
  void deliver(core::Time now);

  core::Fd tunnel_;
  core::Fd stop_;
  PacketQueue queue_;
  std::size_t flying_bytes_ = 0;
  std::atomic<std::uint64_t> carried_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::jthread thread_;  // last: joined before anything that it uses goes
};

}  // namespace uncork::link
