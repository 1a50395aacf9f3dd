#include <fmt/format.h>

#include <algorithm>

#include "lab/churn/churn.hpp"
#include "lab/sockets/soak_judge.hpp"

namespace uncork::lab {
namespace {

/// To make a namespace may take as long as the kernel is busy with the ends of others: of what was asked for, a tenth must come.
constexpr double kShareLeast = 0.1;

}  // namespace

std::vector<Criterion> judge_churn(const ChurnResult& result) {
  const double asked = static_cast<double>(result.options.duration.count()) /
                       static_cast<double>(std::max<std::int64_t>(result.options.every.count(), 1));
  const double least = std::max(1.0, asked * kShareLeast);
  std::vector<Criterion> criteria = {at_least("deleted", fmt::format("at least {:.0f} namespaces deleted meanwhile", least),
                                              static_cast<double>(result.deleted), least)};
  const auto shared = judge_soak(result.figures);
  criteria.insert(criteria.end(), shared.begin(), shared.end());
  return criteria;
}

}  // namespace uncork::lab
