#pragma once
// The figures of a soak beside those that others publish.

#include <string>
#include <vector>

#include "core/json.hpp"
#include "lab/sockets/figures.hpp"

namespace uncork::lab {

/// A line of the comparison. `published` is a quotation, or empty where nothing is published.
struct Compared {
  std::string what;
  std::string here;
  std::string published;
};

/// What every soak measures: looks, rows, ends, threads, memory, times, what looks said of their own gaps.
[[nodiscard]] std::vector<Compared> compared_figures(const SoakFigures& figures);

/// Three columns, the third headed `PUBLISHED (XTCP2)`.
[[nodiscard]] std::string compared_text(const std::vector<Compared>& lines);

/// The examples of what was wrong, a line each; empty if nothing was.
[[nodiscard]] std::string faults_text(const SoakFigures& figures);

/// All figures as one object, and `published` as `{"what":s,"published":s}`.
[[nodiscard]] core::Json figures_json(const SoakFigures& figures);
[[nodiscard]] core::Json published_json(const std::vector<Compared>& lines);

}  // namespace uncork::lab
