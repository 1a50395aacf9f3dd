#pragma once
// What a store forgets, and when.

#include <cstdint>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "sink/sqlite/database.hpp"

namespace uncork::sink {

/// How long things are kept, by the time of the poll that brought them, and how large the store may become. What is younger than
/// its age goes only where the size forces it: the rows of the oldest polls first, then minutes, then hours, the oldest first.
/// The newest of each stays whatever the size.
struct Retention {
  core::Micros rows = std::chrono::hours(24 * 3);      ///< polls: their rows and their sums by service
  core::Micros minutes = std::chrono::hours(24 * 31);  ///< rollups of a minute
  core::Micros hours = std::chrono::hours(24 * 400);   ///< rollups of an hour, and services that nobody heard of since
  std::uint64_t bytes = std::uint64_t{2} << 30;        ///< of the file, without what it has free and the log beside it
};

/// How many were forgotten.
struct Pruned {
  std::uint64_t by_age = 0;
  std::uint64_t by_size = 0;
};
struct PrunedCounts {
  Pruned rows;
  Pruned polls;
  Pruned minutes;  ///< rollups of a minute: one a service
  Pruned hours;
};

/// Since the store was made.
[[nodiscard]] core::Result<PrunedCounts> pruned_counts(Database& database);

/// Forgets what is due at `now_ns`, at most about `most_rows` rows of any table, in a transaction of its own; what is left is for
/// the next time. Then gives a bounded number of free pages back, if there are many or the file is too large.
[[nodiscard]] core::Status prune(Database& database, const Retention& retention, std::int64_t now_ns, std::int64_t most_rows);

}  // namespace uncork::sink
