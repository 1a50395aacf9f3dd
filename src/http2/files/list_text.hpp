#pragma once
// What every field's value is made of: optional white space, lists, words without case (RFC 9110 5.6).

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace uncork::http2 {

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// Without the white space at either end.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The text before the first `mark`, trimmed, which is cut off `rest` together with the mark; without a mark, all of it.
[[nodiscard]] constexpr std::string_view take_until(char mark, std::string_view& rest) noexcept {
  const std::size_t at = rest.find(mark);
  const std::string_view taken = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return trimmed(taken);
}

[[nodiscard]] constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Equal but for the case of ASCII letters; `word` is in lower case.
[[nodiscard]] constexpr bool is_word(std::string_view text, std::string_view word) noexcept {
  return std::ranges::equal(text, word, [](char a, char b) { return lower(a) == b; });
}

}  // namespace uncork::http2
