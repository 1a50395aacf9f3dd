#pragma once
// Each connection through the proxy takes two file descriptors; most shells allow 1024.

#include <cstddef>

#include "core/result.hpp"

namespace uncork::relay {

/// Raises this process's limit of open files to the most that it may give itself, and says what that is. For main and tests:
/// it changes the whole process.
[[nodiscard]] core::Result<std::size_t> raise_descriptor_limit();

}  // namespace uncork::relay
