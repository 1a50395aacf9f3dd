#include <fmt/format.h>

#include <algorithm>

#include "core/duration.hpp"
#include "core/json.hpp"
#include "lab/sockets/soak_report.hpp"
#include "lab/stress/stress.hpp"

namespace uncork::lab {
namespace {

std::vector<Compared> compared(const StressResult& result) {
  const StressOptions& options = result.options;
  std::vector<Compared> lines = {
      {"ran", core::to_string(result.figures.ran), "70,800 s"},
      {"namespaces x sockets", fmt::format("{} x {}", options.namespaces, options.sockets), "20 x 250 connections"},
      {"connections closed", fmt::format("{}", result.figures.tally.ended / 2), ""}};
  const auto shared = compared_figures(result.figures);
  lines.insert(lines.end(), shared.begin(), shared.end());
  const auto rows = std::ranges::find(lines, "rows a look", &Compared::what);
  if (rows != lines.end()) rows->published = "2,440 of about 10,000";
  return lines;
}

}  // namespace

std::string stress_text(const StressResult& result) {
  const std::string faults = faults_text(result.figures);
  return compared_text(compared(result)) + "\n" + (faults.empty() ? "" : faults + "\n") + criteria_text(result.criteria);
}

core::Json stress_json(const StressResult& result) {
  core::Json row = figures_json(result.figures);
  row["namespaces"] = result.options.namespaces;
  row["sockets"] = result.options.sockets;
  core::Json document = scenario_json("stress", result.criteria, core::Json::array({std::move(row)}));
  document["published"] = published_json(compared(result));
  return document;
}

}  // namespace uncork::lab
