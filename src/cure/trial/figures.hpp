#pragma once
// The figures of a trial: what is compared, and from what of a window it is made. Sans-I/O.

#include <span>
#include <vector>

#include "cure/trial/verdict.hpp"

namespace uncork::cure {

/// The two windows of a pair.
struct TrialPair {
  TrialWindow off;
  TrialWindow on;
};

[[nodiscard]] std::vector<TrialPair> whole_pairs(std::span<const TrialWindow> windows);

/// In the order of the table. What is spent is given for a kilobyte, the one unit of work that is the same with the option and
/// without: where messages overlap, the kernel's books count more and shorter exchanges of the same bytes once fewer are merged.
[[nodiscard]] std::vector<TrialFigure> figures_of(std::span<const TrialPair> pairs);

}  // namespace uncork::cure
