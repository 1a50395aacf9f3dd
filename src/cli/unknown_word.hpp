#pragma once
// A word of the command line that no verb and no option knows, and what may have been meant.

#include <CLI/CLI.hpp>
#include <string>

namespace uncork::cli {

/// The verb that was reached, the last of those named: `uncork zino pm` of `uncork zino pm lits`.
[[nodiscard]] const CLI::App& innermost(const CLI::App& program);

/// `uncork zino pm: no verb 'lits'; did you mean 'list'?`, or with an option; empty when every word is known.
[[nodiscard]] std::string unknown_word(const CLI::App& program);

}  // namespace uncork::cli
