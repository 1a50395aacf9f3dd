#include "sink/sqlite/database.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "core/error.hpp"
#include "sink/sqlite/failure.hpp"

namespace uncork::sink {
namespace {

core::Error system_failure(sqlite3* connection, const std::string& attempt, int otherwise) {
  const int err = ::sqlite3_system_errno(connection);
  return core::system_error(attempt, err == 0 ? otherwise : err);
}

/// `path` as a URI, in which %, ? and # mean something.
std::string uri_of(const std::string& path, const std::string& parameters) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";  // what follows two slashes would be a host
  for (const char c : path) {
    uri += c == '%' ? "%25" : c == '?' ? "%3f" : c == '#' ? "%23" : std::string(1, c);
  }
  return uri + parameters;
}

}  // namespace

core::Error failure_of(sqlite3* connection, const std::string& path) {
  if (connection == nullptr) return {core::ErrorCode::system, ENOMEM, "open " + path + ": out of memory"};
  const std::string said = ::sqlite3_errmsg(connection);
  switch (::sqlite3_errcode(connection)) {
    case SQLITE_FULL:
      return core::system_error("write " + path, ENOSPC);
    case SQLITE_NOTADB:
      return {core::ErrorCode::system, EUCLEAN, path + ": this is no database, or one whose begin is damaged"};
    case SQLITE_CORRUPT:
      return {core::ErrorCode::system, EUCLEAN, path + ": the file is damaged (" + said + ")"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {core::ErrorCode::system, EBUSY, path + ": another program keeps it locked"};
    case SQLITE_READONLY:
      return {core::ErrorCode::not_permitted, EROFS, path + ": it cannot be written to (" + said + ")"};
    case SQLITE_CANTOPEN:
      return system_failure(connection, "open " + path, EIO);
    case SQLITE_IOERR:
      return system_failure(connection, "read or write " + path, EIO);
    case SQLITE_INTERRUPT:
      return {core::ErrorCode::system, ETIME, path + ": stopped, as it took too long"};
    case SQLITE_NOMEM:
      return {core::ErrorCode::system, ENOMEM, path + ": out of memory"};
    case SQLITE_ERROR:
    case SQLITE_AUTH:
    case SQLITE_TOOBIG:
      return {core::ErrorCode::invalid_argument, EINVAL, said};
    default:
      return {core::ErrorCode::internal, 0, path + ": " + said};
  }
}

void Database::Close::operator()(sqlite3* connection) const { ::sqlite3_close_v2(connection); }

core::Result<Database> Database::open(const std::string& path, Access access) {
  const int flags =
      access == Access::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;  // NOLINT(*-signed-bitwise)
  const std::string uri = uri_of(path, access == Access::read_still ? "?immutable=1" : "");
  sqlite3* connection = nullptr;
  const int opened = ::sqlite3_open_v2(uri.c_str(), &connection, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(connection, path);
  if (opened != SQLITE_OK) return core::fail(failure_of(connection, path));
  ::sqlite3_extended_result_codes(connection, 0);
  return database;
}

core::Result<Statement> Database::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const auto size = static_cast<int>(sql.size() + 1);
  if (::sqlite3_prepare_v3(connection_.get(), sql.c_str(), size, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return core::fail(failure_of(connection_.get(), *path_));
  }
  return Statement(statement, path_.get());
}

core::Status Database::execute(const std::string& sql) {
  if (::sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return core::fail(failure_of(connection_.get(), *path_));
}

core::Result<std::int64_t> Database::number(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return core::fail(statement.error());
  const auto row = statement->step();
  if (!row) return core::fail(row.error());
  return *row ? statement->number(0) : 0;
}

std::int64_t Database::changes() const { return ::sqlite3_changes64(connection_.get()); }

void Database::wait_for_locks(std::chrono::milliseconds most) {
  ::sqlite3_busy_timeout(connection_.get(), static_cast<int>(most.count()));
}

core::Result<Transaction> Transaction::begin(Database& database) {
  // Immediate: a lock that another holds is met here, and not halfway.
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return core::fail(begun.error());
  return Transaction(database);
}

core::Result<Transaction> Transaction::begin_reading(Database& database) {
  if (auto begun = database.execute("BEGIN"); !begun) return core::fail(begun.error());
  return Transaction(database);
}

core::Status Transaction::commit() {
  auto committed = database_->execute("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  // A failure that has undone everything already leaves nothing to undo, and is known to whoever met it.
  if (const auto undone = database_->execute("ROLLBACK"); !undone) return;
}

}  // namespace uncork::sink
