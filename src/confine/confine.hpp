#pragma once
// What a process that runs for long gives up once everything is open, so that whoever takes it over gets little.

#include <string>
#include <vector>

#include "core/result.hpp"

namespace uncork::confine {

/// For good, and for every thread that there is or will be: nothing else can be executed, traced, mounted, loaded into the kernel
/// or rebooted, no clock be set, and no user be changed to (seccomp(2), with no_new_privs). Of the calling thread's capabilities
/// those stay that polls need: SYS_ADMIN to enter namespaces, SYS_PTRACE and DAC_READ_SEARCH to see whose sockets are whose,
/// NET_ADMIN for large buffers, BPF and PERFMON to read programs' maps, DAC_OVERRIDE for a store in somebody's folder. Errors
/// name what could not be done; the rest is.
[[nodiscard]] core::Status confine_process();

/// For good, for the calling thread and those that it starts: it writes below these folders alone (Landlock, where the kernel has
/// it; one that is not there is none), executes nothing, and has no capability but DAC_OVERRIDE. For threads that speak with the
/// world. Not for one that looks into other processes: Landlock keeps it from that (ptrace(2), /proc/PID/ns).
[[nodiscard]] core::Status confine_thread(const std::vector<std::string>& folders);

}  // namespace uncork::confine
