#pragma once
// The ways in which `uncork cure` goes about it, one file each.

#include "cli/cure/options.hpp"
#include "cli/verb.hpp"
#include "cure/select/selector.hpp"
#include "cure/watcher.hpp"

namespace uncork::cli {

/// Cures, or undoes, each process that is meant now. One that refuses does not keep the others from it.
[[nodiscard]] Exit cure_once(const CureArguments& arguments, const cure::CureOptions& options, const cure::Selector& selector);

/// Goes on until there is nobody left to cure, --for has passed, or Ctrl-C.
[[nodiscard]] Exit cure_watch(const CureArguments& arguments, const cure::CureOptions& options, const cure::Selector& selector);

/// Turns the option on and off for a while, and keeps it if that gains. Exit::ok: kept; found: not kept; not_possible: not
/// judged.
[[nodiscard]] Exit cure_trial(const CureArguments& arguments, const cure::CureOptions& options, const cure::Selector& selector);

[[nodiscard]] constexpr Exit worse(Exit a, Exit b) { return a < b ? b : a; }

}  // namespace uncork::cli
