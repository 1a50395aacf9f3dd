#pragma once
// Whether an address stays within its network namespace.

#include "core/endpoint.hpp"

namespace uncork::probe {

/// 127.0.0.0/8 or ::1.
[[nodiscard]] bool is_loopback(const core::Endpoint& endpoint);

}  // namespace uncork::probe
