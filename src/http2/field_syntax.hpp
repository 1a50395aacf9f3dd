#pragma once
// Which bytes a field's name and value may have.

#include <string_view>

namespace uncork::http2 {

/// A token of RFC 9110 5.6.2 without upper case (RFC 9113 8.2.1), or a colon and such a token.
[[nodiscard]] bool is_field_name(std::string_view name) noexcept;

/// No control character but HTAB (RFC 9110 5.5; NUL, LF and CR must be refused by RFC 9113 8.2.1), and neither space nor HTAB at
/// the beginning or the end.
[[nodiscard]] bool is_field_value(std::string_view value) noexcept;

}  // namespace uncork::http2
