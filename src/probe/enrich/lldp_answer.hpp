#pragma once
// What lldpd says of an interface over its control socket. Sans-I/O.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::probe {

/// The device at the other end of the cable, as it told it. A value; empty: it did not tell.
struct LldpNeighbour {
  std::string chassis_name;
  std::string chassis_id;          ///< a hardware address as 00:1b:54:aa:bb:cc, else as it was sent
  std::string management_address;  ///< the first IPv4 address, else the first IPv6 one
  std::string port_id;             ///< as chassis_id
  std::string port_description;

  bool operator==(const LldpNeighbour&) const = default;
};

/// Versions of lldpd that say it the same way. From what its sources declare; on 64-bit machines.
enum class LldpdVersion : std::uint8_t {
  v1_0_13,  ///< 1.0.13
  v1_0_14,  ///< 1.0.14 to 1.0.17
  v1_0_18,  ///< 1.0.18 and 1.0.19
  v1_0_20,  ///< 1.0.20
  v1_0_21,  ///< 1.0.21 and 1.0.22
};

/// What an answer about an interface held.
struct LldpInterface {
  LldpdVersion version{};
  std::optional<LldpNeighbour> neighbour;  ///< nothing: nobody has been heard there

  bool operator==(const LldpInterface&) const = default;
};

/// The body of an answer about `interface`. lldpd sends its own structures, whose shape its version decides and which it does
/// not tell: an answer is taken when it fits one known version to the last byte, with every length, reference and name in its
/// place. Of several neighbours the one heard by LLDP, then the one heard last; those that lldpd hides are left out. Any bytes;
/// the Error (not_supported) says how far the answer made sense.
[[nodiscard]] core::Result<LldpInterface> read_lldp_answer(std::span<const std::byte> answer, std::string_view interface);

}  // namespace uncork::probe
