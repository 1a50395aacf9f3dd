#pragma once
// Times and durations of the state file: ISO 8601 as Zino 2 (pydantic) writes it, and all that it reads.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace uncork::zino {

/// UTC, to the microsecond. Cores are given their time; only drivers ask the clock.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// Whole seconds towards zero, as Python's int() of both.
[[nodiscard]] std::int64_t unix_seconds(Timestamp time);
[[nodiscard]] std::int64_t whole_seconds(Duration duration);

/// `2026-11-22T14:11:00.764275Z`, the fraction left out when it is 0. Years 1 to 9999.
[[nodiscard]] std::string to_iso(Timestamp time);
/// `P1Y35DT1H` (a year is 365 days), `PT1M30.5S`, `PT0S`, `-PT5S`.
[[nodiscard]] std::string to_iso(Duration duration);

/// ISO 8601 with T, t, space or _ between date and time; Z, an offset, or neither (then local time); seconds and fraction
/// optional; or a number of seconds or milliseconds. Nothing if it is none of these or outside the years 1 to 9999.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);
/// ISO 8601 durations (weeks, months of 30 days, years of 365), or a number of seconds. Nothing if it is neither.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

/// A number in place of a time: seconds, or milliseconds from 2e10 on, since 1970.
[[nodiscard]] std::optional<Timestamp> timestamp_from_number(double number);
[[nodiscard]] std::optional<Duration> duration_from_number(double seconds);

}  // namespace uncork::zino
