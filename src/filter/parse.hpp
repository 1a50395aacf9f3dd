#pragma once
// A filter's text to its tree.

#include <string_view>

#include "core/result.hpp"
#include "filter/tree.hpp"

namespace uncork::filter {

/// Reads a filter; docs/sockets.md has the language. Nothing but blanks is the filter that everything passes. The error names the
/// column, what was expected there and, for a misspelt field, the nearest that there is.
[[nodiscard]] core::Result<Node> parse(std::string_view text);

}  // namespace uncork::filter
