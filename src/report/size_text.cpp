#include "report/size_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace uncork::report {
namespace {

std::string scaled(std::uint64_t number, std::string_view unit) {
  constexpr std::array<std::string_view, 7> kPrefixes = {"", "k", "M", "G", "T", "P", "E"};
  constexpr double kRoundsUp = 999.5;
  if (number < 1000) return fmt::format("{} {}", number, unit);
  auto value = static_cast<double>(number);
  std::size_t prefix = 0;
  while (value >= kRoundsUp && prefix + 1 < kPrefixes.size()) {
    value /= 1000;
    ++prefix;
  }
  const int digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}{}", value, digits, kPrefixes.at(prefix), unit);
}

}  // namespace

std::string size_text(std::uint64_t bytes) { return scaled(bytes, "B"); }

std::string rate_text(std::uint64_t bits_per_second) { return scaled(bits_per_second, "bps"); }

}  // namespace uncork::report
