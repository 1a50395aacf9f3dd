#pragma once
// The answer to somebody's SQL, as a table or for programs.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sink/sqlite/statement.hpp"

namespace uncork::cli {

enum class AnswerFormat : std::uint8_t { table, jsonl, csv, tsv };

/// Takes the rows one after the other. Text is written to standard output as it comes, but of a table at its end.
class Answer {
 public:
  [[nodiscard]] static std::unique_ptr<Answer> in(AnswerFormat format, const sink::Statement& statement);
  virtual ~Answer() = default;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  /// The row at which the statement stands.
  virtual void put_row(const sink::Statement& row) = 0;
  virtual void end() {}

 protected:
  Answer() = default;
};

/// The line of `sql` with the byte `offset` in it, and a mark under that, each behind two blanks; long lines are cut around it.
/// Also how that place is called: `column 8`, or `line 2, column 8` where there are several lines.
struct PointedAt {
  std::string place;
  std::string lines;
};
[[nodiscard]] PointedAt pointed_at(std::string_view sql, std::size_t offset);

}  // namespace uncork::cli
