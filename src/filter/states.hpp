#pragma once
// The states of TCP by the names that ss(8) gives them, and its sets of them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uncork::filter {

/// A set of states: bit n is the kernel's state n (1 established ... 12 a request socket).
using States = std::uint64_t;
inline constexpr States kEveryState = 0x3ffe;

/// `established`, `time-wait`, also as the kernel spells them (`TIME_WAIT`); the sets `all`, `connected`, `synchronized`,
/// `bucket`, `big`. Nothing: no such state.
[[nodiscard]] std::optional<States> states_named(std::string_view name);
/// The name of state `number`; empty for a number that is none.
[[nodiscard]] std::string_view state_name(std::uint32_t number);
/// Every name that states_named() knows.
[[nodiscard]] std::vector<std::string> state_names();
/// `state established state time-wait`; of no state, `exclude all`.
[[nodiscard]] std::string states_text(States states);

}  // namespace uncork::filter
