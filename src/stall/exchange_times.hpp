#pragma once
// How long exchanges took: a log-linear histogram as the kernel counts it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/clock.hpp"
#include "stall/account.hpp"
#include "stall/service_sums.h"

namespace uncork::stall {

/// Counts durations up to 71 minutes (longer ones count as that): exact below 16 us, then in steps of 1/16 of a power of two. A
/// value.
class ExchangeTimes {
 public:
  ExchangeTimes() = default;
  /// As the kernel counted them, by uncork_time_bucket().
  explicit ExchangeTimes(const uncork_u64 (&buckets)[UNCORK_TIME_SLOTS]);
  /// Of powers of two, which is all that sampling knows: each counts as the middle of its bucket.
  explicit ExchangeTimes(const Log2Histogram& buckets);

  void add(core::Micros time, std::uint64_t times = 1);
  ExchangeTimes& operator+=(const ExchangeTimes& other);
  /// Leaves what came after `earlier`, which was read of the same counts before.
  ExchangeTimes& operator-=(const ExchangeTimes& earlier);
  bool operator==(const ExchangeTimes&) const = default;

  [[nodiscard]] std::uint64_t count() const;
  /// The time within which a share `q` (0 to 1) of the exchanges ended, at most 1/16 off; 0: there was none.
  [[nodiscard]] core::Micros quantile(double q) const;
  /// In microseconds, at most 1/32 off; 0: there was none.
  [[nodiscard]] double mean() const;

  /// The counts, by uncork_time_bucket(); and so many more in one of them, to make the same again (none in one that there is
  /// not).
  [[nodiscard]] std::span<const std::uint64_t> buckets() const { return buckets_; }
  void add_bucket(std::size_t bucket, std::uint64_t times) {
    if (bucket < buckets_.size()) buckets_[bucket] += times;
  }

 private:
  std::array<std::uint64_t, UNCORK_TIME_BUCKETS> buckets_{};
};

}  // namespace uncork::stall
