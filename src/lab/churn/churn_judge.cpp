#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "lab/churn/churn.hpp"
#include "lab/sockets/soak_judge.hpp"

namespace uncork::lab {
namespace {

/// To make a namespace may take as long as the kernel is busy with the ends of others: of what was asked for, a tenth must come.
constexpr double kShareLeast = 0.1;

/// The looks may have missed ends, but must have said so. Where close events were lost, nobody knows how many ends those told of.
Criterion within_missed(std::string name, std::string requirement, std::uint64_t count, const Tally& tally) {
  const auto measured = tally.ended == 0 ? std::nullopt : std::optional(static_cast<double>(count));
  Criterion criterion = at_most(std::move(name), std::move(requirement), measured, static_cast<double>(tally.ends_missed));
  if (tally.close_events_lost != 0) criterion.met = true;
  criterion.note = fmt::format("{} closed, {} missed by the looks' own count{}", tally.ended, tally.ends_missed,
                               tally.close_events_lost == 0 ? "" : ", and close events lost");
  return criterion;
}

}  // namespace

std::vector<Criterion> judge_churn(const ChurnResult& result) {
  const double asked = static_cast<double>(result.options.duration.count()) /
                       static_cast<double>(std::max<std::int64_t>(result.options.every.count(), 1));
  const double least = std::max(1.0, asked * kShareLeast);
  std::vector<Criterion> criteria = {at_least("deleted", fmt::format("at least {:.0f} namespaces deleted meanwhile", least),
                                              static_cast<double>(result.deleted), least)};
  const Tally& tally = result.figures.tally;
  criteria.push_back(within_missed("last_rows_missing", "no more last rows are missing than ends that the looks say they missed",
                                   tally.unended, tally));
  criteria.push_back(
      within_missed("last_rows_nameless", "no more last rows name no namespace than that", tally.nameless_ends, tally));
  const auto shared = judge_soak(result.figures);
  criteria.insert(criteria.end(), shared.begin(), shared.end());
  return criteria;
}

}  // namespace uncork::lab
