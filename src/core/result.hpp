#pragma once
// Result<T>: a value, or the Error that kept us from it. Nothing in uncork throws across a function boundary.

#include <expected>
#include <utility>

#include "core/error.hpp"

namespace uncork::core {

template <typename T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

}  // namespace uncork::core
