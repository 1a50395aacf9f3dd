#pragma once
// What a store forgets, and when.

#include <cstdint>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "sink/sqlite/database.hpp"

namespace uncork::sink {

/// How long things are kept, by the time of the poll that brought them (AgeAllowance bounds how fast they go), and how large the
/// store may become. What is younger than its age goes only where the size forces it: the rows of the oldest polls first, then
/// minutes, then hours, the oldest first. The newest of each stays whatever the size.
struct Retention {
  core::Micros rows = std::chrono::hours(24 * 3);      ///< polls: their rows and their sums by service
  core::Micros minutes = std::chrono::hours(24 * 31);  ///< rollups of a minute
  core::Micros hours = std::chrono::hours(24 * 400);   ///< rollups of an hour, and services that nobody heard of since
  std::uint64_t bytes = std::uint64_t{2} << 30;        ///< of the file, without what it has free and the log beside it
};

/// How much may be forgotten by age now, as the time that it is of: a clock that was set forward must not make everything old at
/// once. It grows with the time that has really passed, kPace times as fast, so that what a pause left behind is caught up with.
/// Polls count with their interval, rollups with their span. Whatever the clock, size is kept to at once.
struct AgeAllowance {
  static constexpr int kPace = 4;
  static constexpr core::Micros kLeast = std::chrono::hours(1);  ///< of a start, and what is saved up at most

  core::Micros polls = kLeast;
  core::Micros minutes = kLeast;
  core::Micros hours = kLeast;

  /// `elapsed` has passed since the poll before, by a clock that nobody sets.
  void accrue(core::Micros elapsed);
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

/// Forgets what is due at `now_ns`, at most about `most_rows` rows of any table and by age no more than is allowed (which is
/// taken off), in a transaction of its own; what is left is for the next time. Then gives a bounded number of free pages back, if
/// there are many or the file is too large.
[[nodiscard]] core::Status prune(Database& database, const Retention& retention, std::int64_t now_ns, std::int64_t most_rows,
                                 AgeAllowance& allowance);

}  // namespace uncork::sink
