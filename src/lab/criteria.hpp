#pragma once
// What a scenario of the lab must show, and what it showed: the part of every scenario's result that decides.

#include <optional>
#include <string>
#include <vector>

#include "core/json.hpp"

namespace uncork::lab {

/// One requirement with the figure that was measured. Without a figure it is not met: what was not seen has not been shown.
struct Criterion {
  std::string name;                ///< for scripts: `sends_per_message`
  std::string requirement;         ///< for people: `at most 0.02 sends a message, coalesced, over TCP`
  std::optional<double> measured;  ///< in `unit`
  std::string unit;                ///< `ms`, `ratio`, `segments`; empty: a count
  bool met = false;                ///< as judged by the scenario; counts only with a figure
  std::string note;                ///< why it failed, or what limits it; may be empty

  [[nodiscard]] bool passed() const { return met && measured.has_value(); }
};

/// Lower and upper bounds, both included.
[[nodiscard]] Criterion at_least(std::string name, std::string requirement, std::optional<double> measured, double bound,
                                 std::string unit = "");
[[nodiscard]] Criterion at_most(std::string name, std::string requirement, std::optional<double> measured, double bound,
                                std::string unit = "");
[[nodiscard]] Criterion between(std::string name, std::string requirement, std::optional<double> measured, double least,
                                double most, std::string unit = "");

/// True if there are criteria and all passed.
[[nodiscard]] bool all_passed(const std::vector<Criterion>& criteria);

/// One line each: `passed  at most 0.02 sends a message …: 0.0101`.
[[nodiscard]] std::string criteria_text(const std::vector<Criterion>& criteria);

/// The document of a scenario: `{"scenario":s,"passed":bool,"criteria":[{"name":s,"requirement":s,"measured":x|null,"unit":s,
/// "passed":bool,"note":s}],"rows":rows}`.
[[nodiscard]] core::Json scenario_json(const std::string& scenario, const std::vector<Criterion>& criteria, core::Json rows);

}  // namespace uncork::lab
