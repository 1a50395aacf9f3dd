#pragma once
// The other end of the scenario `heartbeat`: alive, and slow to read, in a process of its own so that it can be stopped.

#include <cstdint>
#include <functional>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/result.hpp"

namespace uncork::lab {

enum class Reads : bool { never, slowly };

struct HeartbeatPeerOptions {
  core::Endpoint listen;
  core::Micros interval{0};  ///< without a frame sent: then a heartbeat
  core::Micros limit{0};     ///< of its own judgement, out of the way of the experiment
  Reads reads = Reads::slowly;
  core::Micros pause{0};  ///< after each frame read it sleeps max(0, N(0, pause)), cut to whole milliseconds
  core::Micros data{0};   ///< sends a frame of four bytes so often; 0: never
  std::uint32_t seed = 1;
};

/// The number that stands, big endian, in the first four bytes of the n-th frame that the peer reads, from 0.
inline constexpr std::size_t kNumberedBytes = 1024;

/// What came in.
struct CheckedFrames {
  std::uint64_t frames = 0;
  std::uint64_t out_of_order = 0;
};

/// Serves one connection to its end, or to SIGTERM. `on_listening` is told the address.
[[nodiscard]] core::Result<CheckedFrames> run_heartbeat_peer(const HeartbeatPeerOptions& options,
                                                             const std::function<void(const core::Endpoint&)>& on_listening);

}  // namespace uncork::lab
