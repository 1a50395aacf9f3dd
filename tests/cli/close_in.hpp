#pragma once
// Another process's descriptors, closed by hand.

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace uncork::cli::testing {

/// Makes a child of ours close each of its descriptors of which /proc/PID/fdinfo says `what` (`link_id:` of BPF links), by
/// ptrace(2). It must be waiting in a system call. How many were closed; 0 where this machine cannot do it (another architecture,
/// ptrace forbidden).
[[nodiscard]] std::size_t close_in(pid_t child, const std::string& what);

}  // namespace uncork::cli::testing
