#pragma once
// The parts of `uncork zino`, one file each.

#include "cli/verb.hpp"

namespace uncork::cli {

/// Adds `serve` to `zino`; parsing it sets `chosen`.
void add_zino_serve(CLI::App& zino, Action& chosen);

}  // namespace uncork::cli
