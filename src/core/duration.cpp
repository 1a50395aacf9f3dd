#include "core/duration.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace uncork::core {
namespace {

struct Unit {
  std::string_view name;
  double us;
};
constexpr Unit kUnits[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}};
constexpr double kLongestUs = 24.0 * 24 * 3600e6;  // keeps every sum of a few durations far inside 64 bits

}  // namespace

Result<Micros> parse_duration(std::string_view argument, std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(invalid_argument(std::string(argument) + " '" + std::string(text.substr(0, 40)) + "': " + std::string(why) +
                                 "; give a number and a unit, such as 250ms, 10s, 1.5s or 2m"));
  };
  double value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (err == std::errc::result_out_of_range) return refuse("more digits than a duration can use");
  if (err != std::errc{} || !std::isfinite(value)) return refuse("not a number");  // from_chars reads "inf" and "nan" too
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& known : kUnits) {
    if (unit != known.name) continue;
    const double us = value * known.us;
    if (us < 0) return refuse("a duration cannot be negative");
    if (us > kLongestUs) return refuse("longer than 24 days");
    return Micros(static_cast<std::int64_t>(std::llround(us)));
  }
  return refuse(unit.empty() ? "no unit" : "unknown unit '" + std::string(unit.substr(0, 20)) + "'");
}

std::string to_string(Micros duration) {
  const double us = static_cast<double>(duration.count());
  const double size = std::abs(us);
  const auto [scale, unit] = size >= 999'500 ? std::pair(1e6, "s") : size >= 999.5 ? std::pair(1e3, "ms") : std::pair(1.0, "us");
  const double value = us / scale;
  const int digits = unit[0] == 'u' ? 0 : std::abs(value) >= 99.95 ? 0 : std::abs(value) >= 9.995 ? 1 : 2;
  char text[48];
  std::snprintf(text, sizeof text, "%.*f %s", digits, value, unit);
  return text;
}

}  // namespace uncork::core
