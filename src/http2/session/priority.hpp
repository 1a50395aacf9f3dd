#pragma once
// Extensible priorities (RFC 9218).

#include <cstdint>
#include <string_view>

namespace uncork::http2 {

/// How urgent a response is, 0 most, and whether it is of use in parts. The defaults are the RFC's (4.1, 4.2).
struct Priority {
  std::uint8_t urgency = 3;
  bool incremental = false;

  bool operator==(const Priority&) const = default;
};
inline constexpr std::uint8_t kUrgencies = 8;

/// Of the field `priority` or of a PRIORITY_UPDATE: a dictionary of structured fields (RFC 8941 3.2), of which `u` and `i` mean
/// something. What is not understood leaves the default (RFC 9218 4).
[[nodiscard]] Priority priority_of(std::string_view value) noexcept;

}  // namespace uncork::http2
