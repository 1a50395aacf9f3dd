#include "cure/trial/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace uncork::cure {
namespace {

struct Moments {
  double off = 0;  ///< the mean
  double on = 0;
  double var_off = 0;  ///< of the mean
  double var_on = 0;
  double cov = 0;
};

Moments moments_of(std::span<const Paired> pairs) {
  const auto n = static_cast<double>(pairs.size());
  Moments m;
  for (const Paired& pair : pairs) {
    m.off += pair.off / n;
    m.on += pair.on / n;
  }
  for (const Paired& pair : pairs) {
    m.var_off += (pair.off - m.off) * (pair.off - m.off);
    m.var_on += (pair.on - m.on) * (pair.on - m.on);
    m.cov += (pair.off - m.off) * (pair.on - m.on);
  }
  const double scale = 1 / (n * (n - 1));
  m.var_off *= scale;
  m.var_on *= scale;
  m.cov *= scale;
  return m;
}

}  // namespace

double t_quantile(unsigned degrees) {
  static constexpr std::array<double, 30> kTable = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                                    2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                                    2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  if (degrees <= kTable.size()) return kTable.at(std::max(degrees, 1U) - 1);
  // Cornish and Fisher's expansion about the normal quantile, two terms.
  constexpr double kNormal = 1.959964;
  constexpr double kCube = kNormal * kNormal * kNormal;
  const double n = degrees;
  return kNormal + (kCube + kNormal) / (4 * n) + (5 * kCube * kNormal * kNormal + 16 * kCube + 3 * kNormal) / (96 * n * n);
}

std::optional<Ratio> ratio_of(std::span<const Paired> pairs) {
  if (pairs.size() < 2) return std::nullopt;
  const Moments m = moments_of(pairs);
  if (m.off <= 0) return std::nullopt;
  const double r = m.on / m.off;
  const double t = t_quantile(static_cast<unsigned>(pairs.size()) - 1);
  // (on - x off)^2 = t^2 (var_on - 2 x cov + x^2 var_off), solved for x.
  const double a = m.off * m.off - t * t * m.var_off;
  const double b = m.on * m.off - t * t * m.cov;
  const double c = m.on * m.on - t * t * m.var_on;
  if (a <= 0) return Ratio{r, 0, std::numeric_limits<double>::infinity()};
  const double root = std::sqrt(std::max(b * b - a * c, 0.0));
  return Ratio{r, std::max((b - root) / a, 0.0), (b + root) / a};
}

}  // namespace uncork::cure
