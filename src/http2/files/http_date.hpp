#pragma once
// Dates as HTTP writes them (RFC 9110 5.6.7).

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace uncork::http2 {

/// `Sun, 06 Nov 1994 08:49:37 GMT`; empty outside the years 0 to 9999, which that form cannot write.
[[nodiscard]] std::string http_date(std::chrono::sys_seconds time);

/// All three forms that a recipient must know: IMF-fixdate, RFC 850's and asctime's. Nothing if it is none of them to the letter,
/// or no day of the calendar; the day of the week need only be the name of one. `now` decides the century of RFC 850's two
/// digits.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text, std::chrono::sys_seconds now);

}  // namespace uncork::http2
