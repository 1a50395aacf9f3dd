#pragma once
// What a command leaves running when it has ended: its orphans come to us, and end with us.

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::command {

/// From now on a descendant whose parent has died is this process's child (PR_SET_CHILD_SUBREAPER), not init's.
[[nodiscard]] core::Status adopt_orphans();

/// The children of this process, dead ones that are not reaped too.
[[nodiscard]] std::vector<pid_t> children();

/// Ends every child of this process, and their children as they come to us: SIGTERM, and SIGKILL for those that are still there
/// `grace` later. Returns when none is left, or gives up 10 s after that (a process that the kernel keeps asleep); how many were
/// there at first. Reaps everything: for programs that have no other children.
std::size_t end_children(core::Micros grace);

}  // namespace uncork::command
