#pragma once
// A configuration in ASCII alone, and back.

#include <string>
#include <string_view>

namespace uncork::collect {

/// Each byte beyond ASCII as `%C3`, and each `%` as `%25`: what toml++ is given. Its 3.3 reaches __builtin_unreachable where a
/// letter beyond ASCII stands where a blank may (is_non_ascii_horizontal_whitespace), even in a text that is right.
[[nodiscard]] std::string as_ascii(std::string_view text);

/// The other way round, of what as_ascii has made or any other text: where no two digits follow, a `%` stays. (A text
/// that writes `%` itself as \\u0025, with two hexadecimal digits behind it, is taken for one of ours.)
[[nodiscard]] std::string from_ascii(std::string_view ascii);

}  // namespace uncork::collect
