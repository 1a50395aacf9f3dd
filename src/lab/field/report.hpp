#pragma once
// How the scenario `field` is shown: a few lines a case, or one JSON document.

#include <string>
#include <vector>

#include "core/json.hpp"
#include "lab/field/field.hpp"

namespace uncork::lab::field {

/// A case: its name, whether it is as wanted, and its title; below them what was wanted, what was seen, and each complaint.
[[nodiscard]] std::string text(const Outcome& outcome);
/// How many are as wanted.
[[nodiscard]] std::string sentence(const std::vector<Outcome>& outcomes);
/// The built-in cases: name and title, what is wanted below them.
[[nodiscard]] std::string list(const std::vector<Script>& scripts);

/// `{"scenario":"field","ledger":"kernel|streamed","passed":bool,"cases":[…]}`; docs/lab.md has the whole shape.
[[nodiscard]] core::Json to_json(const std::vector<Outcome>& outcomes, const Options& options);

}  // namespace uncork::lab::field
