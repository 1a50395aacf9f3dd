#include "report/table.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "report/fold.hpp"
#include "report/printable.hpp"

namespace uncork::report {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::string cut(std::string line, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; width != 0 && i < line.size(); ++i) {
    if (is_continuation(line[i])) continue;
    if (++columns > width) line.erase(i);
  }
  const std::size_t last = line.find_last_not_of(' ');
  line.erase(last == std::string::npos ? 0 : last + 1);
  return line;
}

}  // namespace

std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

void Table::add(std::vector<std::string> cells) {
  UNCORK_ASSERT(cells.size() <= columns_.size());
  cells.resize(columns_.size());
  std::ranges::transform(cells, cells.begin(), printable);
  rows_.push_back(std::move(cells));
}

std::string Table::render(std::size_t width, Fit fit) const {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = std::max(columns_[i].least_width, display_width(columns_[i].title));
    for (const auto& row : rows_) widest = std::max(widest, display_width(row[i]));
    widths.push_back(widest);
    titles.push_back(columns_[i].title);
  }
  std::size_t last_begins = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) last_begins += widths[i] + 2;
  const auto line_of = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - display_width(cells[i]), ' ');
      if (i != 0) line += "  ";
      line += columns_[i].align == Align::right ? padding + cells[i] : cells[i] + padding;
    }
    if (fit == Fit::cut) return cut(std::move(line), width) + "\n";
    return fold(cut(std::move(line), 0) + "\n", width, last_begins);
  };
  std::string text = line_of(titles);
  for (const auto& row : rows_) text += line_of(row);
  return text;
}

}  // namespace uncork::report
