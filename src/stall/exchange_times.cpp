#include "stall/exchange_times.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>

namespace uncork::stall {
namespace {

constexpr std::size_t kSteps = 16;  // a power of two

/// The smallest duration of a bucket, and how many microseconds it spans.
struct Bounds {
  std::uint64_t low = 0;
  std::uint64_t width = 1;
};

Bounds bounds_of(std::size_t bucket) {
  if (bucket < kSteps) return {bucket, 1};
  const std::size_t shift = bucket / kSteps - 1;
  return {(kSteps + bucket % kSteps) << shift, std::uint64_t{1} << shift};
}

/// A kernel's count that is being taken back and counted anew may be read as less than nothing for a moment.
std::uint64_t at_least_none(std::uint64_t count) { return static_cast<std::int64_t>(count) < 0 ? 0 : count; }

}  // namespace

ExchangeTimes::ExchangeTimes(const uncork_u64 (&buckets)[UNCORK_TIME_SLOTS]) {
  std::transform(std::begin(buckets), std::next(std::begin(buckets), UNCORK_TIME_BUCKETS), buckets_.begin(), at_least_none);
}

ExchangeTimes::ExchangeTimes(const Log2Histogram& buckets) {
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i] != 0) add(core::Micros(i == 0 ? 1 : std::int64_t{3} << (i - 1)), buckets[i]);
  }
}

void ExchangeTimes::add(core::Micros time, std::uint64_t times) {
  buckets_.at(uncork_time_bucket(static_cast<uncork_u64>(std::max<std::int64_t>(time.count(), 0)))) += times;
}

ExchangeTimes& ExchangeTimes::operator+=(const ExchangeTimes& other) {
  std::transform(buckets_.begin(), buckets_.end(), other.buckets_.begin(), buckets_.begin(), std::plus<>());
  return *this;
}

ExchangeTimes& ExchangeTimes::operator-=(const ExchangeTimes& earlier) {
  const auto left = [](std::uint64_t now, std::uint64_t then) { return now > then ? now - then : 0; };
  std::transform(buckets_.begin(), buckets_.end(), earlier.buckets_.begin(), buckets_.begin(), left);
  return *this;
}

std::uint64_t ExchangeTimes::count() const { return std::accumulate(buckets_.begin(), buckets_.end(), std::uint64_t{0}); }

core::Micros ExchangeTimes::quantile(double q) const {
  const std::uint64_t all = count();
  if (all == 0) return core::Micros(0);
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(all))));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen < rank) continue;
    const Bounds bounds = bounds_of(bucket);
    return core::Micros(static_cast<std::int64_t>(bounds.low + bounds.width / 2));
  }
  return core::Micros(0);
}

double ExchangeTimes::mean() const {
  const std::uint64_t all = count();
  double sum = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    const Bounds bounds = bounds_of(bucket);
    sum += static_cast<double>(buckets_[bucket]) * (static_cast<double>(bounds.low) + static_cast<double>(bounds.width - 1) / 2);
  }
  return all == 0 ? 0 : sum / static_cast<double>(all);
}

}  // namespace uncork::stall
