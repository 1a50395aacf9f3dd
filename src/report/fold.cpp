#include "report/fold.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "report/table.hpp"

namespace uncork::report {
namespace {

/// The column under which the rest of a broken line stands.
std::size_t hanging_indent(std::string_view line, std::size_t width) {
  const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t gap = line.find("  ", first);
  if (gap == std::string_view::npos) return first <= width / 2 ? first : 0;
  const std::size_t text = std::min(line.find_first_not_of(' ', gap), line.size());
  return text <= width / 2 ? text : std::min(first + 2, width / 2);
}

/// How many bytes of `line` go on one line of `width` columns; blanks before `from` are no place to break.
std::size_t break_at(std::string_view line, std::size_t from, std::size_t width) {
  std::size_t best = std::string_view::npos;
  for (std::size_t blank = line.find(' ', from); blank != std::string_view::npos; blank = line.find(' ', blank + 1)) {
    if (display_width(std::string(line.substr(0, blank))) > width && best != std::string_view::npos) break;
    best = blank;
  }
  return best;
}

void fold_line(std::string_view line, std::size_t width, std::optional<std::size_t> column, std::string& into) {
  constexpr std::size_t kLeastText = 16;
  const std::size_t indent = column && *column + kLeastText <= width ? *column : hanging_indent(line, width);
  std::string rest(line);
  std::size_t from = std::max(indent, std::min(rest.find_first_not_of(' '), rest.size()));
  while (display_width(rest) > width) {
    const std::size_t at = break_at(rest, from, width);
    if (at == std::string_view::npos) break;
    const std::size_t word = rest.find_first_not_of(' ', at);
    into += rest.substr(0, rest.find_last_not_of(' ', at) + 1) + "\n";
    if (word == std::string::npos) return;
    rest = std::string(indent, ' ') + rest.substr(word);
    from = indent;
  }
  into += rest + "\n";
}

std::string fold_all(std::string_view text, std::size_t width, std::optional<std::size_t> column) {
  if (width == 0) return std::string(text);
  std::string folded;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    fold_line(text.substr(0, end), width, column, folded);
    if (end == std::string_view::npos) {
      folded.pop_back();  // it had no newline
      break;
    }
    text.remove_prefix(end + 1);
  }
  return folded;
}

}  // namespace

std::string fold(std::string_view text, std::size_t width) { return fold_all(text, width, std::nullopt); }

std::string fold(std::string_view text, std::size_t width, std::size_t indent) { return fold_all(text, width, indent); }

}  // namespace uncork::report
