#pragma once
// How cases and planned maintenances are named.

#include <cstdint>

namespace uncork::zino {

using CaseId = std::int64_t;

}  // namespace uncork::zino
