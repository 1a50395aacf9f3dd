#pragma once
// Cases, their entries and planned maintenance as a person sees them, and as JSON.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "zino/client/case_reply.hpp"
#include "zino/client/maintenance_reply.hpp"

namespace uncork::cli {

/// What a case that is listed may be in, those in need of somebody first.
inline constexpr std::array<std::string_view, 6> kCaseStates = {"open",         "working", "waiting",
                                                                "confirm-wait", "ignored", "closed"};

/// The two largest units of it: `5d 17h`, `3m 20s`, `0s`.
[[nodiscard]] std::string duration_words(std::int64_t seconds);

/// Local time with its zone, `2026-11-22 14:11:00 CET`.
[[nodiscard]] std::string local_time(std::int64_t unix_seconds);

/// A table of cases: those in need of somebody first (kCaseStates), then by when they were updated, newest first; and a line that
/// says so. `now` in Unix seconds; `width` columns at most, 0: no limit.
[[nodiscard]] std::string case_table(const std::vector<zino::Attributes>& cases, std::int64_t now, std::size_t width);
/// A line for each attribute; times as local time, durations in words.
[[nodiscard]] std::string attribute_lines(const zino::Attributes& attributes);
/// Entries, each with its local time; further lines of one below its first.
[[nodiscard]] std::string entry_lines(const std::vector<zino::Entry>& entries);
[[nodiscard]] std::string maintenance_table(const std::vector<zino::Maintenance>& maintenances, std::size_t width);

/// Names as on the wire; whole numbers as numbers, times in Unix seconds.
[[nodiscard]] core::Json to_json(const zino::Attributes& attributes);
[[nodiscard]] core::Json to_json(const std::vector<zino::Entry>& entries);
[[nodiscard]] core::Json to_json(const zino::Maintenance& maintenance);

/// One line; what is no UTF-8 in it is replaced.
[[nodiscard]] std::string dump(const core::Json& document);

}  // namespace uncork::cli
