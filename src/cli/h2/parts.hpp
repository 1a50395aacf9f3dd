#pragma once
// The parts of `uncork h2`, a file for each.

#include "cli/verb.hpp"

namespace uncork::cli {

/// Each adds its part to `h2`; parsing it sets `chosen`.
void add_h2_serve(const Verb& h2, Action& chosen);
void add_h2_get(const Verb& h2, Action& chosen);
void add_h2_load(const Verb& h2, Action& chosen);
void add_h2_audit(const Verb& h2, Action& chosen);

}  // namespace uncork::cli
