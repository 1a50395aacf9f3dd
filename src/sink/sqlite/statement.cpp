#include "sink/sqlite/statement.hpp"

#include <sqlite3.h>

#include "core/error.hpp"
#include "sink/sqlite/failure.hpp"

namespace uncork::sink {

Statement::~Statement() { ::sqlite3_finalize(below_); }  // of nothing too

void Statement::bind(int at, std::int64_t number) { UNCORK_ASSERT(::sqlite3_bind_int64(below_, at, number) == SQLITE_OK); }

// A null pointer would be NULL, where an empty text was meant.
void Statement::bind(int at, std::string_view text) {
  const char* const from = text.empty() ? "" : text.data();
  UNCORK_ASSERT(::sqlite3_bind_text64(below_, at, from, text.size(), SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
}

void Statement::bind_bytes(int at, std::string_view bytes) {
  const char* const from = bytes.empty() ? "" : bytes.data();
  UNCORK_ASSERT(::sqlite3_bind_blob64(below_, at, from, bytes.size(), SQLITE_STATIC) == SQLITE_OK);
}

core::Result<bool> Statement::step() {
  switch (::sqlite3_step(below_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return core::fail(failure_of(::sqlite3_db_handle(below_), *path_));
  }
}

core::Status Statement::run() {
  auto stepped = step();
  while (stepped && *stepped) stepped = step();
  reset();
  if (!stepped) return core::fail(stepped.error());
  return {};
}

void Statement::reset() {
  ::sqlite3_reset(below_);  // says again what the last step said
  ::sqlite3_clear_bindings(below_);
}

int Statement::columns() const { return ::sqlite3_column_count(below_); }

std::string Statement::name(int column) const { return ::sqlite3_column_name(below_, column); }

Statement::Kind Statement::kind(int column) const {
  switch (::sqlite3_column_type(below_, column)) {
    case SQLITE_INTEGER:
      return Kind::integer;
    case SQLITE_FLOAT:
      return Kind::real;
    case SQLITE_TEXT:
      return Kind::text;
    case SQLITE_BLOB:
      return Kind::bytes;
    default:
      return Kind::null;
  }
}

std::int64_t Statement::number(int column) const { return ::sqlite3_column_int64(below_, column); }

double Statement::real(int column) const { return ::sqlite3_column_double(below_, column); }

std::string_view Statement::text(int column) const {
  const auto* const from = ::sqlite3_column_text(below_, column);
  const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(below_, column));
  return from == nullptr ? std::string_view{} : std::string_view{reinterpret_cast<const char*>(from), size};
}

std::string_view Statement::bytes(int column) const {
  const void* const from = ::sqlite3_column_blob(below_, column);
  const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(below_, column));
  return from == nullptr ? std::string_view{} : std::string_view{static_cast<const char*>(from), size};
}

}  // namespace uncork::sink
