#pragma once
// Durations as people write them: 10s, 250ms, 1.5s, 2m, 40us.

#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::core {

/// Reads a positive or zero number with a unit (us, ms, s, m, h); up to 24 days. `argument` is named in the error.
[[nodiscard]] Result<Micros> parse_duration(std::string_view argument, std::string_view text);

/// Three significant digits and the unit that fits: `41.3 ms`, `980 us`, `2.10 s`.
[[nodiscard]] std::string to_string(Micros duration);

}  // namespace uncork::core
