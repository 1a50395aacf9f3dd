#pragma once
// Whether the Zino experiment showed what it must, and how it compares with the published one.

#include <span>
#include <string>
#include <vector>

#include "lab/zino/experiment.hpp"

namespace uncork::lab {

/// The criteria of the whole table that `options` ask for, or of their one run.
[[nodiscard]] std::vector<Criterion> judge_zino(const ZinoResult& result);

/// One row of the published measurement (Uninett/zino, issue 543): 100 cases, three commands each, through a relay without a
/// delay.
struct PublishedRun {
  zino::Writes writes;
  double total_s;
  unsigned chunks;
};
[[nodiscard]] std::span<const PublishedRun> published_runs();

}  // namespace uncork::lab
