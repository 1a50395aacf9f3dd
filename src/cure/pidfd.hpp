#pragma once
// The two system calls that reach into another process, each wrapped once: pidfd_open (Linux 5.3) and pidfd_getfd (5.6).

#include <sys/types.h>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::cure {

/// A handle that goes on meaning this very process when its pid is reused. Errors as pidfd_open(2) has them.
[[nodiscard]] core::Result<core::Fd> pidfd_open(pid_t pid);

/// A duplicate of descriptor `fd` of the process: the same open file, so options set on it are set for the process too.
/// Needs PTRACE_MODE_ATTACH_REALCREDS (kernel/pid.c: __pidfd_fget). Errors as pidfd_getfd(2) has them.
[[nodiscard]] core::Result<core::Fd> pidfd_getfd(const core::Fd& pidfd, int fd);

/// Whether the process has ended; its parent may not have collected it yet. Does not wait.
[[nodiscard]] bool has_ended(const core::Fd& pidfd);

}  // namespace uncork::cure
