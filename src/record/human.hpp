#pragma once
// Values as people read them.

#include <string>

#include "record/catalogue.hpp"

namespace uncork::record {

/// 198.18.0.1 or 2001:db8::1; empty for bytes of another size.
[[nodiscard]] std::string address_text(std::string_view bytes);

/// `established`, as the kernel's headers call it, in lower case (Linux include/net/tcp_states.h); its number if unknown.
[[nodiscard]] std::string state_text(std::uint64_t state);

/// 2026-11-25T14:41:23.123456789Z
[[nodiscard]] std::string time_text(std::int64_t ns_since_1970);

/// Whether `human_text` says more than the number does: addresses, states, enums, times and durations.
[[nodiscard]] bool reads_better(const Field& field);

/// Any field as a person reads it: `198.18.0.1`, `established`, `cubic`, `12.3 ms`, `yes`; `-` if unknown.
[[nodiscard]] std::string human_text(const Row& row, const Field& field);

}  // namespace uncork::record
