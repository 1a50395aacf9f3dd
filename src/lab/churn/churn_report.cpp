#include <fmt/format.h>

#include <algorithm>

#include "core/duration.hpp"
#include "core/json.hpp"
#include "lab/churn/churn.hpp"
#include "lab/sockets/soak_report.hpp"

namespace uncork::lab {
namespace {

void quote(std::vector<Compared>& lines, const std::string& what, const std::string& published) {
  const auto line = std::ranges::find(lines, what, &Compared::what);
  if (line != lines.end()) line->published = published;
}

std::vector<Compared> compared(const ChurnResult& result) {
  std::vector<Compared> lines = {
      {"ran", core::to_string(result.figures.ran), "12 h"},
      {"come and go", fmt::format("{}", result.options.namespaces), "about 200"},
      {"last", fmt::format("{}", result.lasting), ""},
      {"deleted", fmt::format("{}, one every {}", result.deleted, core::to_string(result.options.every)), "one every 100 ms"}};
  const auto shared = compared_figures(result.figures);
  lines.insert(lines.end(), shared.begin(), shared.end());
  quote(lines, "ends of the watcher", "about 25");
  quote(lines, "threads", "5 a namespace");
  return lines;
}

}  // namespace

std::string churn_text(const ChurnResult& result) {
  const std::string faults = faults_text(result.figures);
  return compared_text(compared(result)) + "\n" + (faults.empty() ? "" : faults + "\n") + criteria_text(result.criteria);
}

core::Json churn_json(const ChurnResult& result) {
  core::Json row = figures_json(result.figures);
  row["namespaces"] = result.options.namespaces;
  row["lasting"] = result.lasting;
  row["deleted"] = result.deleted;
  core::Json document = scenario_json("churn", result.criteria, core::Json::array({std::move(row)}));
  document["published"] = published_json(compared(result));
  return document;
}

}  // namespace uncork::lab
