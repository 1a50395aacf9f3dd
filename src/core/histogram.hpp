#pragma once
// A log-linear histogram of microseconds: fixed size, no allocation, every value within 1/16 of its true size.

#include <array>
#include <bit>
#include <cstdint>

#include "core/clock.hpp"

namespace uncork::core {

/// Counts durations from 0 to 2^40 us (12 days; longer ones count as that). A value below 16 us is exact; above, the
/// relative error of quantile() is at most 1/16. A value type, not thread-safe.
class Histogram {
 public:
  void add(Micros value, std::uint64_t times = 1);
  void merge(const Histogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Micros sum() const { return Micros(static_cast<std::int64_t>(sum_)); }
  [[nodiscard]] Micros mean() const { return count_ == 0 ? Micros(0) : Micros(static_cast<std::int64_t>(sum_ / count_)); }
  [[nodiscard]] Micros max() const { return Micros(static_cast<std::int64_t>(max_)); }
  /// The smallest bucket's upper bound below which a share `q` (0 to 1) of the values lies; 0 when empty.
  [[nodiscard]] Micros quantile(double q) const;

 private:
  static constexpr unsigned kSubBits = 4;  // 16 linear steps in each power of two
  static constexpr unsigned kTopBit = 40;
  static constexpr std::size_t kBuckets = (kTopBit - kSubBits + 2) << kSubBits;

  static std::size_t bucket_of(std::uint64_t us);
  static std::uint64_t upper_bound(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace uncork::core
