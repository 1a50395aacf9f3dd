#pragma once
// Why the kernel would not let us at a process, in words that say what to do next.

#include <sys/types.h>

#include <optional>
#include <string>

#include "core/error.hpp"

namespace uncork::cure {

/// What decides about PTRACE_MODE_ATTACH (ptrace(2), "Ptrace access mode checking"; Yama: admin-guide/LSM/Yama.rst).
struct TraceRights {
  uid_t our_uid = 0;
  bool cap_sys_ptrace = false;
  std::optional<uid_t> target_uid;  ///< nullopt: not readable
  int yama_scope = 0;               ///< kernel.yama.ptrace_scope; 0 when there is no Yama
};

/// Reads /proc. A file that cannot be read leaves its field at the default.
[[nodiscard]] TraceRights read_trace_rights(pid_t target);

/// Which right is missing and how to get it, as the tail of a sentence.
[[nodiscard]] std::string missing_right(const TraceRights& rights);

/// Turns the error of an attempt on process `pid` into one that a person can act on; codes stay what a caller branches on
/// (not_permitted, not_supported, not_found, else unchanged).
[[nodiscard]] core::Error explain_refusal(pid_t pid, const core::Error& error);

/// The error for a pid that names no process.
[[nodiscard]] core::Error no_such_process(pid_t pid);

}  // namespace uncork::cure
