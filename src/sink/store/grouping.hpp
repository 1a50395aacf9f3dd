#pragma once
// By what connections are summed up.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace uncork::sink {

/// Sums of one grouping add up to those of another, so that they are never mixed.
enum class Grouping : std::uint8_t {
  service,  ///< a program in a role on a port
  peer,     ///< the address at the other end, which is the key's command
  process,  ///< likewise its name and number
};

/// As the store spells it: `service`, `peer`, `process`.
[[nodiscard]] constexpr std::string_view name(Grouping grouping) {
  constexpr std::array<std::string_view, 3> kNames = {"service", "peer", "process"};
  return kNames.at(static_cast<std::size_t>(grouping));
}

}  // namespace uncork::sink
