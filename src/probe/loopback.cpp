#include "probe/loopback.hpp"

#include <array>
#include <cstdint>

namespace uncork::probe {

bool is_loopback(const core::Endpoint& endpoint) {
  if (endpoint.family == core::Endpoint::Family::v4) return endpoint.bytes[0] == 127;
  static constexpr std::array<std::uint8_t, 16> kOne = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return endpoint.bytes == kOne;
}

}  // namespace uncork::probe
