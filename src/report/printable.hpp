#pragma once
// Text of others (command names, namespace names) made safe to print.

#include <string>
#include <string_view>

namespace uncork::report {

/// The text with every character that is not one to look at shown as `?`: control characters (a process may call itself a
/// terminal escape sequence), line separators, characters that reorder text, and each byte that is not UTF-8.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace uncork::report
