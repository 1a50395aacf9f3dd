#pragma once
// The ways to end a stall, as a verdict lists them.

#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "stall/choices.hpp"

namespace uncork::report {

/// A line each, best first, and a newline: `choice 2  set TCP_NODELAY: an exchange ends 22.1 ms sooner, 1.0 segments more; uncork
/// cure --pid 7`. Of one alone nothing, since the remedy has said it. `account` is the one that the choices are of; `said` a
/// command that is not said again.
[[nodiscard]] std::string choice_lines(const std::vector<stall::Choice>& choices, const stall::Account& account,
                                       std::string_view said = "");

/// What follows the number: one sentence part without a newline; safe to print.
[[nodiscard]] std::string choice_text(const stall::Choice& choice, const stall::Account& account, std::string_view said = "");

/// `[{"what":s,"where":"here|other_end","gives_back_ms":x,"at_most":bool,"segments_per_exchange":x,"command":s}]`; segments are
/// null where nobody knows.
[[nodiscard]] core::Json choices_json(const std::vector<stall::Choice>& choices);

}  // namespace uncork::report
