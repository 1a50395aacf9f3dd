#pragma once
// A filter as it was typed, read with an error that shows the place.

#include <string>

#include "core/result.hpp"
#include "filter/tree.hpp"

namespace uncork::cli {

/// `what`: how the error calls it, such as `--filter`. The error says the column, what was expected there, and shows the text
/// with a mark under the place.
[[nodiscard]] core::Result<filter::Node> read_filter(const std::string& what, const std::string& text);

}  // namespace uncork::cli
