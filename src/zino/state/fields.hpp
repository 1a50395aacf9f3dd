#pragma once
// The fields of every case type and of planned maintenances: names, kinds, defaults, in declaration order. This order is that of
// GETATTRS, of the state file and of the notifications of one change.

#include <span>
#include <string_view>

#include "zino/state/record.hpp"

namespace uncork::zino {

/// The values of `state`, in the order of the error of SETSTATE.
[[nodiscard]] std::span<const std::string_view> case_states();

/// The values of a port's state.
[[nodiscard]] std::span<const std::string_view> port_states();

/// The fields of a case of `type` (`Event`, `portstate`, `bgp`, `bfd`, `reachability`, `alarm`); empty if there is no such type.
[[nodiscard]] std::span<const Field> case_fields(std::string_view type);
/// All types that there are, for the error.
[[nodiscard]] std::span<const std::string_view> case_types();

[[nodiscard]] std::span<const Field> maintenance_fields();
/// The values of `type` and of `match_type` of a planned maintenance.
[[nodiscard]] std::span<const std::string_view> maintenance_types();
[[nodiscard]] std::span<const std::string_view> match_types();

}  // namespace uncork::zino
