#pragma once
// Bytes and rates for people: three digits and the unit that fits.

#include <cstdint>
#include <string>

namespace uncork::report {

/// `0 B`, `999 B`, `1.05 kB`, `8.39 MB`.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// `10.5 Mbps`, of bits a second.
[[nodiscard]] std::string rate_text(std::uint64_t bits_per_second);

}  // namespace uncork::report
