#pragma once
// What protobuf's strings must be.

#include <string>
#include <string_view>

namespace uncork::record {

/// Bytes of the well-formed character (no overlong form, no surrogate) that `text` begins with, or 0.
[[nodiscard]] std::size_t character_size(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

/// With U+FFFD for each byte that belongs to no character.
[[nodiscard]] std::string as_utf8(std::string_view text);

/// Without the part of a character that a cut has left at the end.
[[nodiscard]] std::string_view whole_characters(std::string_view text);

}  // namespace uncork::record
