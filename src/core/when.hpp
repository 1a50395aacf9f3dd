#pragma once
// Points in time as people write them: 14:03, 2026-11-27T14:03, 10m ago.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::core {

/// In ns since 1970. Read are: a duration, which is so long before `now_ns` (`10m`, `7d`); a time of day, the last one before
/// `now_ns` (`14:03`, `14:03:20`); a day, which is its begin, or a day with a time (`2026-11-27T14:03`); and `now`. All are in
/// the zone of the process (TZ), or in UTC with a Z behind them. `argument` is named in the error.
[[nodiscard]] Result<std::int64_t> parse_when(std::string_view argument, std::string_view text, std::int64_t now_ns);

/// `2026-11-27 14:03:20`, in the zone of the process.
[[nodiscard]] std::string local_time_text(std::int64_t ns_since_1970);

}  // namespace uncork::core
