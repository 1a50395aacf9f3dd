#pragma once
// Text as Zino 2 treats it: what Python's str does with lines, white space and integers, so that every quirk a client may lean on
// is the same here. All strings are UTF-8.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uncork::zino {

/// Whether `bytes` are well-formed UTF-8 (no overlong forms, no surrogates).
[[nodiscard]] bool is_utf8(std::string_view bytes);

/// A line as it came: UTF-8, or if any of it is not, the whole of it as latin-1 (Zino >= 2.3.4).
[[nodiscard]] std::string decode_line(std::string_view bytes);

/// The first code point of `text`, which must be UTF-8 and not empty, taken off its front.
[[nodiscard]] char32_t take_code_point(std::string_view& text);

/// str.isspace() and `\s`.
[[nodiscard]] bool is_space(char32_t point);

/// str.strip(), and its left half.
[[nodiscard]] std::string_view strip(std::string_view text);
[[nodiscard]] std::string_view strip_left(std::string_view text);

/// Whether a word that `rest` follows goes on in it: the opposite of the regular expression `\b`.
[[nodiscard]] bool continues_word(std::string_view rest);

/// str.splitlines(): breaks at LF, CR, CR LF, VT, FF, FS, GS, RS, U+0085, U+2028, U+2029. Views into `text`.
[[nodiscard]] std::vector<std::string_view> split_lines(std::string_view text);

/// str.split(" "): empty fields are kept; nothing at all gives no field.
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view text);

/// int(text) in canonical decimal; nothing where Python raises ValueError (more than 4300 digits included).
[[nodiscard]] std::optional<std::string> python_int(std::string_view text);

/// A canonical decimal as a number; nothing if it does not fit.
[[nodiscard]] std::optional<std::int64_t> to_int64(std::string_view decimal);

/// For a value that must stay on its line: CR and LF become spaces.
[[nodiscard]] std::string one_line(std::string_view text);

/// Same letters but for the case of A to Z.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace uncork::zino
