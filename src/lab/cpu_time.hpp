#pragma once
// The processor time of another process.

#include <sys/types.h>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::lab {

/// User and system time of all its threads so far. Error: there is no such process.
[[nodiscard]] core::Result<core::Micros> cpu_time(pid_t pid);

}  // namespace uncork::lab
