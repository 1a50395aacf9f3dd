#pragma once
// Case files: one statement a line, `#` begins a comment. docs/lab.md has the whole format.

#include <string_view>

#include "core/result.hpp"
#include "lab/field/case.hpp"

namespace uncork::lab::field {

/// Reads a case, of 64 KiB at most. Any bytes are accepted; errors (invalid_argument) name line and column, what is wrong there
/// and what is accepted. A remedy that the file does not name follows from the stall that it wants.
[[nodiscard]] core::Result<Case> parse_case(std::string_view text);

}  // namespace uncork::lab::field
