#pragma once
// Which process holds which socket, from /proc.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"

namespace uncork::probe {

/// A process that has a socket open. It may have ended since.
struct SocketHolder {
  pid_t pid = 0;
  int fd = -1;  ///< the lowest of its descriptors for this socket
  std::string command;
};

/// What one pass over /proc found.
struct SocketHolders {
  std::unordered_map<std::uint64_t, std::vector<SocketHolder>> by_inode;  ///< in order of pids, each pid once
  std::size_t refused = 0;  ///< processes whose descriptors this user may not see (those of other users)

  /// The first of the holders, which of parent and child is most often the parent; nullptr: none was seen.
  [[nodiscard]] const SocketHolder* first(std::uint64_t inode) const;
};

/// One pass over every process that this user may look into: one readlink a descriptor. Processes that end meanwhile are left
/// out. Sees the processes of the caller's pid namespace, in all network namespaces. `proc` is where procfs is mounted.
[[nodiscard]] core::Result<SocketHolders> find_socket_holders(const std::string& proc = "/proc");

/// The process's name for itself (at most 15 bytes), unprintable bytes shown as `?`; empty when there is no such process.
[[nodiscard]] std::string command_of(pid_t pid, const std::string& proc = "/proc");

/// A name that a process gave, with `?` for what a terminal might obey. Bytes above 127 may be UTF-8 and stay.
[[nodiscard]] std::string printable(std::string_view name);

[[nodiscard]] bool exists(pid_t pid, const std::string& proc = "/proc");

/// When the process started, in clock ticks since boot (proc(5), stat field 22): with the pid it names a process for good, since
/// pids are reused. not_found when there is no such process.
[[nodiscard]] core::Result<std::uint64_t> start_time(pid_t pid, const std::string& proc = "/proc");

/// The same from the text of /proc/pid/stat, in which the command may hold spaces and parentheses.
[[nodiscard]] core::Result<std::uint64_t> parse_start_time(std::string_view stat);

}  // namespace uncork::probe
