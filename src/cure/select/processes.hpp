#pragma once
// The processes that this pid namespace shows, as /proc/PID/stat has them.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace uncork::cure {

/// A value. With the start time a pid names one process for good (see ProcessIdentity).
struct ProcessEntry {
  pid_t pid = 0;
  pid_t parent = 0;  ///< 0: outside this pid namespace, or none
  std::uint64_t start_ticks = 0;
  std::string command;  ///< what it calls itself, at most 15 bytes; any bytes: print it through report::printable
  bool ended = false;   ///< a zombie: only its parent has yet to collect it
};

/// The text of /proc/PID/stat (proc_pid_stat(5)), in which the command may hold spaces, parentheses and newlines.
[[nodiscard]] core::Result<ProcessEntry> parse_process_entry(std::string_view stat);

/// Every process, zombies left out, in order of pids. One file read for each; those that end meanwhile are left out. `proc` is
/// where procfs is mounted.
[[nodiscard]] core::Result<std::vector<ProcessEntry>> list_processes(const std::string& proc = "/proc");

}  // namespace uncork::cure
