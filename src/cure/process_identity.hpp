#pragma once
// Which process a pid means: pids are reused, so a pid alone names nothing for longer than the process lives.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::cure {

/// One process of one boot. The start time counts clock ticks since boot (proc(5), /proc/pid/stat field 22), so it takes the
/// boot's own id beside it to be unique.
struct ProcessIdentity {
  std::string boot_id;
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;

  bool operator==(const ProcessIdentity&) const = default;
};

/// The start time out of the text of /proc/pid/stat. The command name in it may hold spaces and parentheses.
[[nodiscard]] core::Result<std::uint64_t> parse_start_ticks(std::string_view stat);

/// The number after `label` at the start of a line of /proc/pid/status, such as `Uid:` or `CapEff:` (base 16).
[[nodiscard]] core::Result<std::uint64_t> parse_status_field(std::string_view status, std::string_view label, int base = 10);

/// Reads /proc. not_found when there is no such process.
[[nodiscard]] core::Result<ProcessIdentity> identify_process(pid_t pid);

/// The command name as the kernel has it, with unprintable bytes shown as `?`; empty when the process is gone.
[[nodiscard]] std::string command_of(pid_t pid);

}  // namespace uncork::cure
