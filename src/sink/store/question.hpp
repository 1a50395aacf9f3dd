#pragma once
// Somebody's own SQL, asked of a store without a way to change it.

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "sink/sqlite/database.hpp"

namespace uncork::sink {

/// Opens the file for reading alone: nothing is made, and a writer is not kept waiting. not_found: there is no store there yet.
[[nodiscard]] core::Result<Database> open_to_read(const std::string& path);

/// A question that is being answered, row by row. Only what reads is accepted (no ATTACH, no extension, nothing that writes), and
/// each step ends with an error (ETIME) once its time is over. One thread.
class Question {
 public:
  using Wrong = Database::WrongSql;

  /// The file is opened for this question: any database of SQLite's will do. `most` counts from here.
  [[nodiscard]] static core::Result<Question> open(const std::string& path, std::chrono::milliseconds most);
  /// What is wrong with the SQL, and where, is the reader's to show.
  [[nodiscard]] std::expected<Statement, Wrong> ask(const std::string& sql) { return database_.prepare_foreign(sql); }

 private:
  explicit Question(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace uncork::sink
