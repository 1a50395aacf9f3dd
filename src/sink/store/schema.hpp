#pragma once
// The tables of a store: made, and brought forward from what an older program made.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "sink/sqlite/database.hpp"

namespace uncork::sink {

/// In the file's header (PRAGMA application_id): it is a store of ours.
inline constexpr std::int32_t kApplicationId = 0x756e636b;  // "unck"

/// How far the tables are that this program makes (PRAGMA user_version).
inline constexpr std::int64_t kSchemaVersion = 1;

/// The spans of rollups, in seconds.
inline constexpr std::int64_t kMinute = 60;
inline constexpr std::int64_t kHour = 3600;

/// Makes what is missing, in one transaction: the tables of an empty file, the steps since an older version, a column for each
/// field of the catalogue that has none yet. not_supported: a newer program made it. invalid_argument: it is the database of
/// another program.
[[nodiscard]] core::Status bring_forward(Database& database);

/// The same questions without a change: for whoever only reads.
[[nodiscard]] core::Status check_schema(Database& database);

}  // namespace uncork::sink
