#pragma once
// A filter's text cut into words, quoted texts and signs, each with the column where it stands.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace uncork::filter {

enum class Sign : std::uint8_t {
  none,
  open,
  close,
  equal,
  unequal,
  less,
  at_most,
  greater,
  at_least,
  matches,
  matches_not,
  all_of,   ///< `and`, `&`, `&&`
  any_of,   ///< `or`, `|`, `||`
  negated,  ///< `not`, `!`
};

struct Token {
  enum class Kind : std::uint8_t { word, quoted, sign, end };
  Kind kind = Kind::end;
  Sign sign = Sign::none;
  std::string text;        ///< of a word as it stands; of a quoted text what the quotes mean; of a sign as it stands
  std::size_t column = 1;  ///< 1 for the first byte of the filter
};

/// The longest filter that is read: nobody types more, and all that a filter costs is bounded by it.
inline constexpr std::size_t kLongestFilter = 4096;

/// The tokens of `text`; the last is the end. A word is all up to a blank, a quote or one of `( ) = ! < > ~ & |`; the words and,
/// or, not, eq, ne, neq, lt, le, leq, gt, ge, geq are signs. In quotes, a backslash keeps a quote or a backslash from its meaning
/// and is itself elsewhere. Errors: too long, a quote that is not closed, a character that cannot be typed.
[[nodiscard]] core::Result<std::vector<Token>> tokens_of(std::string_view text);

/// `column 7: SENTENCE`, as every error of a filter is said.
[[nodiscard]] core::Error error_at(std::size_t column, const std::string& sentence);

/// `text` in quotes, so that it is read as the same text again.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace uncork::filter
