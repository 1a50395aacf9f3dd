#pragma once
// Waiting for one descriptor.

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::sink {

/// poll(2) for `events` until `deadline`: true if the descriptor is ready, or has failed or hung up, which the next call on it
/// tells. A deadline that has passed asks without waiting.
[[nodiscard]] core::Result<bool> wait_for(int descriptor, short events, core::Time deadline);

}  // namespace uncork::sink
