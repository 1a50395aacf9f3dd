#include "core/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace uncork::core {

std::size_t Histogram::bucket_of(std::uint64_t us) {
  us = std::min(us, (std::uint64_t{1} << kTopBit) - 1);
  if (us < (1U << kSubBits)) return static_cast<std::size_t>(us);
  const unsigned top = static_cast<unsigned>(std::bit_width(us)) - 1;
  const unsigned shift = top - kSubBits;
  return (std::size_t{shift + 1} << kSubBits) + static_cast<std::size_t>((us >> shift) & ((1U << kSubBits) - 1));
}

std::uint64_t Histogram::upper_bound(std::size_t bucket) {
  if (bucket < (1U << kSubBits)) return bucket;
  const unsigned shift = static_cast<unsigned>(bucket >> kSubBits) - 1;
  const std::uint64_t step = (bucket & ((1U << kSubBits) - 1)) + (1U << kSubBits);
  return ((step + 1) << shift) - 1;
}

void Histogram::add(Micros value, std::uint64_t times) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
  buckets_[bucket_of(us)] += times;
  count_ += times;
  sum_ += us * times;
  max_ = std::max(max_, us);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

Micros Histogram::quantile(double q) const {
  if (count_ == 0) return Micros(0);
  const auto rank = static_cast<std::uint64_t>(std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= std::max<std::uint64_t>(rank, 1)) return Micros(static_cast<std::int64_t>(std::min(upper_bound(i), max_)));
  }
  return max();
}

}  // namespace uncork::core
