#pragma once
// What SQLite's result codes mean to us.

#include <string>

#include "core/error.hpp"

struct sqlite3;  // NOLINT(readability-identifier-naming): the name that the library gave it

namespace uncork::sink {

/// Of the last call on `connection` (null: there was no memory for one), which failed. The errno says which kind it is: ENOSPC
/// (full), EUCLEAN (the file is damaged, or no database), EBUSY (another program holds a lock), EROFS, ETIME (interrupted),
/// EINVAL (the SQL is wrong), else what the system said.
[[nodiscard]] core::Error failure_of(sqlite3* connection, const std::string& path);

}  // namespace uncork::sink
