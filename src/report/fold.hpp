#pragma once
// Text made to fit a terminal: long lines are broken between words.

#include <cstddef>
#include <string>
#include <string_view>

namespace uncork::report {

/// Each line of `text` in at most `width` columns (0: no limit), broken at blanks; a word that is longer than a line stays whole.
/// What follows a break stands under the text of a line that begins with a name and two blanks or more (`--port N   Only …`),
/// else under the line's first word.
[[nodiscard]] std::string fold(std::string_view text, std::size_t width);
/// The same with what follows a break under column `indent`, if that leaves room for it.
[[nodiscard]] std::string fold(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace uncork::report
