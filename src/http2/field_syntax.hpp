#pragma once
// Which bytes a field's name and value may have.

#include <string_view>

#include "uncork/http2/fields.hpp"

namespace uncork::http2 {

/// A token of RFC 9110 5.6.2 without upper case (RFC 9113 8.2.1), or a colon and such a token.
[[nodiscard]] bool is_field_name(std::string_view name) noexcept;

/// No control character but HTAB (RFC 9110 5.5; NUL, LF and CR must be refused by RFC 9113 8.2.1), and neither space nor HTAB at
/// the beginning or the end.
[[nodiscard]] bool is_field_value(std::string_view value) noexcept;

/// The same, and where the name asks for more, that too: a method, a scheme (RFC 3986 3.1), an authority without user information
/// (RFC 9113 8.3.1), a path of visible characters. What depends on other fields is of message_rules.hpp.
[[nodiscard]] bool is_value_of(known_field token, std::string_view value) noexcept;

/// The characters of host[:port] (RFC 3986 3.2.2).
[[nodiscard]] bool is_authority(std::string_view text) noexcept;

}  // namespace uncork::http2
