#pragma once
// A verdict for people: what, where, evidence, cost, remedy, a line each; and a line on late writes where there were any.

#include <string>

#include "stall/verdict.hpp"

namespace uncork::report {

/// Five or six lines, each ending in a newline; safe to print whatever the processes call themselves.
[[nodiscard]] std::string verdict_text(const stall::Verdict& verdict);

/// A cause in a few words: `Nagle held bytes until the peer's delayed ACK`.
[[nodiscard]] std::string phrase(stall::Cause cause);

/// `python3[4711]`, or `?` when the process is not known.
[[nodiscard]] std::string process_text(const stall::Process& process);

}  // namespace uncork::report
