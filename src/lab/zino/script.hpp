#pragma once
// A program that runs to its end, and what it printed.

#include <functional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::lab {

/// Runs `program` with `arguments`; its standard error is ours. `proceed` is asked about four times a second: false kills the
/// program, as does `limit`. Errors: those two, and an exit code that is not 0.
[[nodiscard]] core::Result<std::string> run_to_end(const std::string& program, const std::vector<std::string>& arguments,
                                                   core::Micros limit, const std::function<bool()>& proceed);

}  // namespace uncork::lab
