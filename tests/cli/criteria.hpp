#pragma once
// Judging the criteria of a scenario on a machine that others use too.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace uncork::cli::testing {

/// Whether one member of a scenario's "criteria" was met in one run.
using Judge = std::function<bool(const nlohmann::json& criterion)>;

/// As the program itself judges.
[[nodiscard]] bool passed(const nlohmann::json& criterion);

/// Between 1/factor and factor: for ratios of speed, whose own bounds are those of a quiet machine.
[[nodiscard]] bool within_factor(const nlohmann::json& criterion, double factor);

struct Trial {
  std::vector<nlohmann::json> documents;  ///< what each run printed
  std::string unmet;                      ///< the criteria that no run met, one a line

  [[nodiscard]] const nlohmann::json& last() const { return documents.back(); }
};

/// Runs a scenario with `--json` among its arguments until each criterion was met in some run, at most `tries` times: a machine
/// that is busy with something else fails now this criterion, now that one, but a fault fails the same one each time. Also
/// expects that the program's exit code is what its document says.
[[nodiscard]] Trial try_scenario(const std::vector<std::string>& arguments, int tries, const Judge& judge = passed);

}  // namespace uncork::cli::testing
