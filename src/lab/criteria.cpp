#include "lab/criteria.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace uncork::lab {

Criterion at_least(std::string name, std::string requirement, std::optional<double> measured, double bound, std::string unit) {
  return between(std::move(name), std::move(requirement), measured, bound, std::numeric_limits<double>::infinity(),
                 std::move(unit));
}

Criterion at_most(std::string name, std::string requirement, std::optional<double> measured, double bound, std::string unit) {
  return between(std::move(name), std::move(requirement), measured, -std::numeric_limits<double>::infinity(), bound,
                 std::move(unit));
}

Criterion between(std::string name, std::string requirement, std::optional<double> measured, double least, double most,
                  std::string unit) {
  const bool met = measured && *measured >= least && *measured <= most;  // false for NaN too
  return {std::move(name), std::move(requirement), measured, std::move(unit), met, measured ? "" : "could not be measured"};
}

bool all_passed(const std::vector<Criterion>& criteria) {
  return !criteria.empty() && std::ranges::all_of(criteria, &Criterion::passed);
}

std::string criteria_text(const std::vector<Criterion>& criteria) {
  std::string text;
  for (const Criterion& criterion : criteria) {
    const std::string figure = criterion.measured ? fmt::format("{:.4g}", *criterion.measured) : "not measured";
    const std::string unit = criterion.measured && !criterion.unit.empty() ? " " + criterion.unit : "";
    text += fmt::format("{}  {}: {}{}{}\n", criterion.passed() ? "passed" : "FAILED", criterion.requirement, figure, unit,
                        criterion.note.empty() ? "" : " (" + criterion.note + ")");
  }
  return text;
}

core::Json scenario_json(const std::string& scenario, const std::vector<Criterion>& criteria, core::Json rows) {
  core::Json list = core::Json::array();
  for (const Criterion& criterion : criteria) {
    core::Json json = {{"name", criterion.name}, {"requirement", criterion.requirement}, {"measured", nullptr},
                       {"unit", criterion.unit}, {"passed", criterion.passed()},         {"note", criterion.note}};
    if (criterion.measured) json["measured"] = *criterion.measured;
    list.push_back(std::move(json));
  }
  return {{"scenario", scenario}, {"passed", all_passed(criteria)}, {"criteria", std::move(list)}, {"rows", std::move(rows)}};
}

}  // namespace uncork::lab
