#pragma once
// The scenarios of `uncork lab`: each hangs itself, and the hidden verbs its child processes run, below the verb `lab`.

#include <CLI/CLI.hpp>

#include "cli/verb.hpp"

namespace uncork::cli {

/// Each adds one scenario; parsing it sets `chosen`. One file a scenario.
void add_lab_churn(CLI::App& lab, Action& chosen);
void add_lab_coalesce(CLI::App& lab, Action& chosen);
void add_lab_field(CLI::App& lab, Action& chosen);
void add_lab_heartbeat(CLI::App& lab, Action& chosen);
void add_lab_stress(CLI::App& lab, Action& chosen);
void add_lab_transmit(CLI::App& lab, Action& chosen);
void add_lab_zino(CLI::App& lab, Action& chosen);

}  // namespace uncork::cli
