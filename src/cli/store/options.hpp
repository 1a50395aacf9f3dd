#pragma once
// Options that the verbs share which ask the store.

#include <cstdint>
#include <optional>
#include <string>

#include "cli/verb.hpp"

namespace uncork::cli {

/// `--store FILE`.
Option add_store(const Verb& verb, std::string& into);

/// A point in time, in ns since 1970: `14:03`, `2026-11-27T14:03`, `10m` ago.
Option add_when(const Verb& verb, const std::string& name, std::optional<std::int64_t>& into, const std::string& help);

/// Of CLOCK_REALTIME.
[[nodiscard]] std::int64_t wall_clock_ns();

/// `2026-11-27 14:03 to 14:13`: the day of the second only if it is another.
[[nodiscard]] std::string span_text(std::int64_t from_ns, std::int64_t until_ns);

}  // namespace uncork::cli
