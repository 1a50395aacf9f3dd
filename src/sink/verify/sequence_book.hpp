#pragma once
// Which rows are missing, by the numbers that they carry.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sink/verify/row_scanner.hpp"

namespace uncork::sink {

/// Where a row stands: the file's number in the order of reading, and its offset there.
struct RowPlace {
  std::size_t file = 0;
  std::uint64_t offset = 0;
};

/// Numbers that no row had.
struct Gap {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  RowPlace shown_by;  ///< the row behind it
  [[nodiscard]] std::uint64_t count() const { return last - first + 1; }
};

/// Rows that came in an unexpected place, in a row as they came.
struct Oddity {
  enum class Kind : std::uint8_t { again, late };  ///< a number for the second time; behind a larger one
  Kind kind = Kind::again;
  std::uint64_t first = 0;  ///< number of the first row
  std::uint64_t last = 0;   ///< and of the last
  std::uint64_t rows = 0;
  RowPlace at;  ///< the first row
};

/// What one run of a collector has handed on. Its rows are counted by themselves (row_number), or, if they are not numbered, by
/// their looks (sequence): then a look of which some rows are missing is not told from one that is whole.
struct Run {
  std::string boot_id;
  bool by_rows = true;
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< the largest
  std::uint64_t rows = 0;
  std::int64_t newest_ns = 0;
  std::map<std::uint64_t, Gap> gaps;  ///< by their first number
  std::vector<Oddity> oddities;
};

/// Is told every row, in the order in which it was written. A run ends and another one begins when a number falls back while the
/// time goes on; what is missing at the beginning of the first file and at the end of a run cannot be known. Any rows; the
/// memory is that of gaps and oddities.
class SequenceBook {
 public:
  void add(const RowMark& mark, std::size_t file);

  [[nodiscard]] const std::vector<Run>& runs() const { return runs_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  /// Rows without a boot id or a number, of which nothing is proved.
  [[nodiscard]] std::uint64_t unnumbered() const { return unnumbered_; }

 private:
  void begin_run(const RowMark& mark, std::uint64_t number);
  void note(Run& run, Oddity::Kind kind, std::uint64_t number, RowPlace at);
  void fill(Run& run, std::uint64_t number);

  std::vector<Run> runs_;
  std::map<std::string, std::size_t, std::less<>> current_;  // of each boot
  std::uint64_t rows_ = 0;
  std::uint64_t unnumbered_ = 0;
};

}  // namespace uncork::sink
