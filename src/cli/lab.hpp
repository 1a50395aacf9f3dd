#pragma once
// The scenarios of `uncork lab`: each hangs itself, and the hidden verbs its child processes run, below the verb `lab`.

#include "cli/verb.hpp"

namespace uncork::cli {

/// Each adds one scenario; parsing it sets `chosen`. One file a scenario.
void add_lab_churn(const Verb& lab, Action& chosen);
void add_lab_coalesce(const Verb& lab, Action& chosen);
void add_lab_field(const Verb& lab, Action& chosen);
void add_lab_heartbeat(const Verb& lab, Action& chosen);
void add_lab_http2(const Verb& lab, Action& chosen);
void add_lab_stress(const Verb& lab, Action& chosen);
void add_lab_transmit(const Verb& lab, Action& chosen);
void add_lab_zino(const Verb& lab, Action& chosen);

}  // namespace uncork::cli
