#pragma once
// "Did you mean": the nearest of a few words.

#include <string>
#include <string_view>
#include <vector>

namespace uncork::core {

/// The word of `known` with the smallest edit distance to `typed`, if it is at most a third of the longer one's length
/// (at least 2); else empty.
[[nodiscard]] std::string nearest(std::string_view typed, const std::vector<std::string>& known);

}  // namespace uncork::core
