#pragma once
// What a soak measured.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "lab/sockets/ground_truth.hpp"

namespace uncork::lab {

/// One end of the watcher that nobody had asked for, or that was not in order.
struct WatcherEnd {
  int status = 0;         ///< of waitpid(2)
  core::Micros after{0};  ///< of the soak
  std::string said;       ///< the last line that it wrote to standard error
};

/// Memory after a look.
struct MemoryPoint {
  core::Micros at{0};
  std::uint64_t kib = 0;
  std::uint64_t rows = 0;  ///< of the look, also those of sockets that are not ours
};

struct SoakFigures {
  core::Micros ran{0};
  core::Micros every{0};  ///< between two looks
  Tally tally;
  std::uint64_t steps = 0;  ///< of whoever changes things
  core::Micros longest_step{0};
  std::vector<WatcherEnd> ends;
  std::uint64_t threads = 0;        ///< the most
  std::uint64_t descriptors = 0;    ///< the most
  std::uint64_t namespaces = 0;     ///< the most that a look was at, ours and others
  std::uint64_t rss_kib = 0;        ///< the most
  std::vector<MemoryPoint> memory;  ///< after each look
  std::vector<double> poll_ms;      ///< from the begin of each look until all of it was here
  core::Micros cpu{0};              ///< of the watcher, for all looks but its first
};

/// A straight line through memory by least squares, without the warm-up: the first quarter, at least five points. Somebody else
/// on the machine may open ten thousand sockets meanwhile: after a look with a quarter more rows than any before it, it starts
/// again behind the next five points.
struct MemoryTrend {
  double kib_a_minute = 0;
  double grown_kib = 0;  ///< the line's growth over the time that it covers
  double minutes = 0;    ///< that time
};
/// Nothing with fewer than five points after the warm-up.
[[nodiscard]] std::optional<MemoryTrend> memory_trend(std::span<const MemoryPoint> points);

/// Of figures in any order, the one that `share` (0 to 1) of them do not exceed (nearest rank); nothing if there are none.
[[nodiscard]] std::optional<double> quantile(std::span<const double> figures, double share);

}  // namespace uncork::lab
