#pragma once
// What planned maintenances do to cases as time passes.

#include <vector>

#include "zino/state/store.hpp"

namespace uncork::zino {

/// Starts what has begun since the last run (its devices and ports get cases, which are ignored), ignores cases that an active
/// one is about, opens the cases of those that have ended, deletes those that ended more than 3 days ago.
void run_maintenances(State& state, Timestamp now, std::vector<Notification>& notifications);

/// Whether one starts or ends after `from`, and at `to` at the latest.
[[nodiscard]] bool maintenance_turns(const State& state, Timestamp from, Timestamp to);

/// Whether a run at `now` would do anything.
[[nodiscard]] bool maintenance_run_due(const State& state, Timestamp now);

}  // namespace uncork::zino
