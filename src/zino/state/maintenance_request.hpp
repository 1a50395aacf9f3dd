#pragma once
// The arguments of PM ADD.

#include <expected>
#include <string>
#include <vector>

#include "zino/state/change.hpp"

namespace uncork::zino {

/// `arguments` are at least four: from, to, type, match type, then the match device (intf-regexp) and expression; further ones
/// are dropped. Checks in Zino 2's order; an error is the reply. Expressions are left to Store::settled.
[[nodiscard]] std::expected<AddMaintenance, std::string> parse_maintenance(const std::vector<std::string>& arguments,
                                                                           Timestamp now);

}  // namespace uncork::zino
