#pragma once
// A text table, rendered to a string: the same bytes for the same rows, whatever it is shown on.

#include <cstddef>
#include <string>
#include <vector>

namespace uncork::report {

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
  std::size_t least_width = 0;
};

/// What becomes of a line that is too wide: it is cut, or the last column goes on below itself, broken between words.
enum class Fit { cut, wrap };

/// Rows of cells under titled columns, two blanks apart. Cells are plain text (UTF-8 counts by code points); what is
/// not printable in them is shown as `?`. Not thread-safe.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// A row; missing cells are empty, surplus ones are a programmer's error.
  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// Title line and rows, each ending in a newline, without blanks at line ends. `width` > 0 makes each line fit that many
  /// columns.
  [[nodiscard]] std::string render(std::size_t width = 0, Fit fit = Fit::cut) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Code points in UTF-8 text.
[[nodiscard]] std::size_t display_width(const std::string& text);

}  // namespace uncork::report
