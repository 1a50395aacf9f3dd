#pragma once
// A prepared statement of SQLite.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"

struct sqlite3;       // NOLINT(readability-identifier-naming): the names that the library gave them
struct sqlite3_stmt;  // NOLINT(readability-identifier-naming)

namespace uncork::sink {

/// One statement, prepared once and run often. Numbers of places and columns are SQLite's: parameters from 1, columns from 0.
/// What is not bound is NULL. Moves, never copies; may not outlive its Database; used by one thread at a time, as that is.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept : below_(std::exchange(other.below_, nullptr)), path_(other.path_) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(below_, other.below_);
    std::swap(path_, other.path_);
    return *this;
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  void bind(int at, std::int64_t number);
  /// Above 2^63 a number is negative there: SQLite has no larger ones.
  void bind(int at, std::uint64_t number) { bind(at, static_cast<std::int64_t>(number)); }
  /// The text must live until the statement has run; likewise the bytes.
  void bind(int at, std::string_view text);
  void bind_bytes(int at, std::string_view bytes);

  /// True: there is a row, whose columns can be read until the next step. False: that was the last.
  [[nodiscard]] core::Result<bool> step();
  /// Runs it to its end and makes it ready for the next time, without what was bound.
  [[nodiscard]] core::Status run();
  /// Likewise ready; also after a failure, and before the last row.
  void reset();

  enum class Kind : std::uint8_t { null, integer, real, text, bytes };
  [[nodiscard]] int columns() const;
  [[nodiscard]] std::string name(int column) const;
  [[nodiscard]] Kind kind(int column) const;
  /// Of NULL: 0, or empty. Views live until the next step.
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;

 private:
  friend class Database;
  Statement(sqlite3_stmt* below, const std::string* path) : below_(below), path_(path) {}

  sqlite3_stmt* below_ = nullptr;
  const std::string* path_ = nullptr;  // the file's, for errors
};

}  // namespace uncork::sink
