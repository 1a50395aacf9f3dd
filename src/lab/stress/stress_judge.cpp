#include <fmt/format.h>

#include <optional>

#include "lab/sockets/soak_judge.hpp"
#include "lab/stress/stress.hpp"

namespace uncork::lab {

std::vector<Criterion> judge_stress(const StressResult& result) {
  const Tally& tally = result.figures.tally;
  const auto unequal = static_cast<double>(tally.looks - tally.equal_looks);
  Criterion ends = at_most("last_rows_missing", "every connection that closed has its last row",
                           tally.ended == 0 ? std::nullopt : std::optional(static_cast<double>(tally.unended)), 0);
  ends.note = fmt::format("{} closed", tally.ended);
  std::vector<Criterion> criteria = {
      at_most("looks_unequal", "at every look rows equal sockets", tally.looks == 0 ? std::nullopt : std::optional(unequal), 0),
      std::move(ends)};
  const auto shared = judge_soak(result.figures);
  criteria.insert(criteria.end(), shared.begin(), shared.end());
  return criteria;
}

}  // namespace uncork::lab
