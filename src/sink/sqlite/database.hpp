#pragma once
// A database file of SQLite. This folder is the only one that calls the library; whatever it says becomes a core::Error.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <utility>

#include "core/result.hpp"
#include "sink/sqlite/statement.hpp"

namespace uncork::sink {

enum class Access : std::uint8_t {
  write,      ///< the file is made if there is none
  read,       ///< nothing is made or changed
  read_still  ///< likewise, of a file that nobody writes: for where not even its neighbours can be made
};

/// An open connection. Moves, never copies; one thread at a time. Errors: failure.hpp.
class Database {
 public:
  [[nodiscard]] static core::Result<Database> open(const std::string& path, Access access);

  [[nodiscard]] const std::string& path() const { return *path_; }

  /// `sql` is ours: one that is wrong is our own fault.
  [[nodiscard]] core::Result<Statement> prepare(const std::string& sql);
  /// Statements without parameters, in turn.
  [[nodiscard]] core::Status execute(const std::string& sql);
  /// The first column of the first row; 0 if there is none.
  [[nodiscard]] core::Result<std::int64_t> number(const std::string& sql);

  /// How many rows the last statement inserted, changed or deleted.
  [[nodiscard]] std::int64_t changes() const;
  /// How long to wait for a lock that another program holds.
  void wait_for_locks(std::chrono::milliseconds most);

  /// Somebody else's SQL, which may be wrong.
  struct WrongSql {
    std::string why;
    int offset = -1;  ///< of the place in bytes; -1: it has none
  };
  /// Exactly one statement.
  [[nodiscard]] std::expected<Statement, WrongSql> prepare_foreign(const std::string& sql);

  /// From now on: nothing but questions about what is in the file, and no step that takes longer than `most` after this call.
  [[nodiscard]] core::Status guard(std::chrono::milliseconds most);

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  struct Guard;
  struct Release {
    void operator()(Guard* guard) const;
  };

  explicit Database(sqlite3* connection, const std::string& path)
      : path_(std::make_unique<std::string>(path)), connection_(connection) {}

  std::unique_ptr<std::string> path_;  // its address stays when this moves
  std::unique_ptr<Guard, Release> guard_;
  std::unique_ptr<sqlite3, Close> connection_;
};

/// Everything from its begin to commit(), or nothing: undone where it ends without.
class Transaction {
 public:
  [[nodiscard]] static core::Result<Transaction> begin(Database& database);
  /// One state of the file for all that is read until it ends.
  [[nodiscard]] static core::Result<Transaction> begin_reading(Database& database);
  [[nodiscard]] core::Status commit();

  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace uncork::sink
