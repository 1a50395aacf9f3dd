#include "lab/sockets/figures.hpp"

#include <algorithm>
#include <cmath>

namespace uncork::lab {
namespace {

constexpr std::size_t kPointsLeast = 5;

double minutes(core::Micros time) { return static_cast<double>(time.count()) / 60e6; }

std::span<const MemoryPoint> without_warm_up(std::span<const MemoryPoint> points) {
  std::size_t begin = std::max(points.size() / 4, kPointsLeast);
  std::uint64_t most = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool is_larger = points[i].rows > most + most / 4;
    if (i >= begin && is_larger) begin = i + kPointsLeast;
    most = std::max(most, points[i].rows);
  }
  return points.subspan(std::min(points.size(), begin));
}

}  // namespace

std::optional<MemoryTrend> memory_trend(std::span<const MemoryPoint> points) {
  points = without_warm_up(points);
  if (points.size() < kPointsLeast || points.front().at == points.back().at) return std::nullopt;
  const auto count = static_cast<double>(points.size());
  double mean_time = 0;
  double mean_kib = 0;
  for (const MemoryPoint& point : points) {
    mean_time += minutes(point.at) / count;
    mean_kib += static_cast<double>(point.kib) / count;
  }
  double together = 0;
  double alone = 0;
  for (const MemoryPoint& point : points) {
    const double from_mean = minutes(point.at) - mean_time;
    together += from_mean * (static_cast<double>(point.kib) - mean_kib);
    alone += from_mean * from_mean;
  }
  MemoryTrend trend;
  trend.kib_a_minute = together / alone;
  trend.minutes = minutes(points.back().at - points.front().at);
  trend.grown_kib = trend.kib_a_minute * trend.minutes;
  return trend;
}

std::optional<double> quantile(std::span<const double> figures, double share) {
  if (figures.empty()) return std::nullopt;
  std::vector<double> sorted(figures.begin(), figures.end());
  std::ranges::sort(sorted);
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

}  // namespace uncork::lab
