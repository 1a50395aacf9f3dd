#pragma once
// How the scenario `field` is shown: a line a case with what is wrong below it, or one JSON document.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "lab/field/field.hpp"

namespace uncork::lab::field {

/// The column titles, then a newline.
[[nodiscard]] std::string heading(const Options& options);
/// A case as a line under heading(), and a line for each complaint.
[[nodiscard]] std::string line(const Outcome& outcome, const Options& options);
/// How many are as wanted.
[[nodiscard]] std::string sentence(const std::vector<Outcome>& outcomes);
/// The built-in cases: name, wanted, title; a line each.
[[nodiscard]] std::string list(const std::vector<Script>& scripts);

/// `{"scenario":"field","ledger":"kernel|streamed","passed":bool,"cases":[…]}`; docs/lab.md has the whole shape.
[[nodiscard]] nlohmann::json to_json(const std::vector<Outcome>& outcomes, const Options& options);

}  // namespace uncork::lab::field
