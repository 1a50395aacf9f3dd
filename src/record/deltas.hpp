#pragma once
// What happened to a socket since the row before.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "record/catalogue.hpp"

namespace uncork::record {

/// The counters among the fields, in their order.
[[nodiscard]] std::span<const Field* const> counters();

/// A row against the previous one of its cookie. A value.
struct Delta {
  bool first = true;             ///< there is no previous row of this connection
  bool changed = true;           ///< more than clocks differ (true for a first row)
  std::int64_t interval_ns = 0;  ///< between the two rows; 0 for a first row
  /// By counters(): what it grew by. Nothing if it was or is unknown, and if it went backwards: it counts something else now.
  std::vector<std::optional<std::uint64_t>> increments;

  [[nodiscard]] std::optional<std::uint64_t> increment(const Field& counter) const;
  /// A second; nothing too when no time has passed.
  [[nodiscard]] std::optional<double> rate(const Field& counter) const;
};

/// Remembers the last row of each cookie, as counters and a hash: about 500 bytes a socket. Another connection under the same
/// cookie (other addresses, ports or namespace: a socket that was connected anew) is a first row. A 32-bit counter that wrapped
/// has grown; a counter that went backwards otherwise has no increment. One thread at a time.
class Deltas {
 public:
  /// Of `row`, which becomes the previous one. Rows without a cookie are always first. A last row is forgotten at once.
  /// The result is valid until the next call.
  const Delta& of(const Row& row);

  /// Tells that all rows of a look have been given: forgets the cookies that neither this look nor the one before had (a dump
  /// under churn may miss one that lives).
  void end_look();

  [[nodiscard]] std::size_t remembered() const { return seen_.size(); }

 private:
  struct Seen {
    std::uint64_t look = 0;
    std::int64_t timestamp_ns = 0;
    std::uint64_t identity = 0;
    std::uint64_t rest = 0;
    Blocks blocks;
    std::vector<std::uint64_t> counters;
  };

  std::unordered_map<std::uint64_t, Seen> seen_;
  std::uint64_t look_ = 1;
  Delta delta_;
  std::vector<char> message_;
};

}  // namespace uncork::record
