#pragma once
// What a document is to those who read it: tests look at that.

#include <nlohmann/json.hpp>

#include "core/json.hpp"

namespace uncork::core::testing {

inline nlohmann::json parsed(const Json& document) { return nlohmann::json::parse(document.dump()); }

}  // namespace uncork::core::testing
