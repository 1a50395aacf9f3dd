#pragma once
// A word of the command line that no verb and no option knows, and what may have been meant.

#include <string>

#include "cli/command_line.hpp"

namespace uncork::cli {

/// `uncork zino pm: no verb 'lits'; did you mean 'list'?`, or with an option; empty when every word is known.
[[nodiscard]] std::string unknown_word(const Parsed& parsed, const ShownVerb& program);

}  // namespace uncork::cli
