#pragma once
// What a link does to the packets that it carries.

#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"

namespace uncork::link {

/// A value; each way has the same. The default is a link that does nothing to a packet.
struct Impairments {
  core::Micros one_way{0};                  ///< how long each packet is under way: half of the round trip
  double loss = 0;                          ///< 0 to 1: the share of packets that are lost on the way
  std::uint64_t seed = 1;                   ///< the same number loses the same packets; the two ways have draws of their own
  std::uint64_t rate_bytes_per_second = 0;  ///< of whole packets, headers included; 0: no limit
  std::size_t queue_bytes =
      256 * 1024;  ///< that may wait for the rate, the packet being sent included; what finds no room is dropped

  bool operator==(const Impairments&) const = default;
  [[nodiscard]] bool any() const { return one_way.count() != 0 || loss != 0 || rate_bytes_per_second != 0; }
};

}  // namespace uncork::link
