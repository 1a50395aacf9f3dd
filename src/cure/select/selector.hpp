#pragma once
// Which processes somebody means: by pid, by name, by control group, by port; and which these are now, each with the reason.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "cure/select/port_use.hpp"
#include "cure/select/processes.hpp"

namespace uncork::cure {

/// A rule about the text of /proc/PID/cgroup (cgroups(7)), for a control group or the container that one stands for.
struct GroupRule {
  std::string what;                                      ///< "cgroup", "container"
  std::string wanted;                                    ///< as the user wrote it
  std::function<bool(std::string_view)> matches;         ///< of a process with this text
  std::function<std::string(std::string_view)> name_of;  ///< its group's own name; empty: it is in none
};

/// The processes whose path in any hierarchy is `path` or below it. `path` is as /proc/PID/cgroup has it
/// (`/system.slice/web.service`) or as the file system does (`/sys/fs/cgroup/system.slice/web.service`).
[[nodiscard]] GroupRule in_cgroup(const std::string& path);

/// One way of meaning processes, and whether their descendants are meant too. A value.
struct Selector {
  enum class By : std::uint8_t { pid, command, group, port };
  By by = By::pid;
  std::vector<pid_t> pids;
  std::string command;  ///< compared by its first 15 bytes, which is all that the kernel keeps
  GroupRule group;
  std::uint16_t port = 0;
  bool tree = false;  ///< and whatever they have started, and that in turn

  /// Whether other processes may be meant later.
  [[nodiscard]] bool grows() const { return by != By::pid || tree; }
};

struct Chosen {
  ProcessEntry process;
  std::string why;  ///< "listens on port 8001"; empty: its pid was given
};

struct Selection {
  std::vector<Chosen> chosen;      ///< in order of pids; pids that were given in their own order, whether or not they exist
  std::vector<std::string> notes;  ///< sentences about what was left alone, or could not be seen
  std::string why_none;            ///< when nothing was chosen: what there was instead, as one sentence
};

/// Looks at /proc; as often as wanted. `members` are those that earlier looks chose: what these start is meant too under `tree`,
/// whatever has become of their own parents. This process and what it has started are never chosen.
[[nodiscard]] core::Result<Selection> select_processes(const Selector& selector, const std::set<pid_t>& members = {});

/// The part that needs no machine. `group_text` gives the text of a process's cgroup file, `holders` is of By::port only.
[[nodiscard]] Selection choose(const Selector& selector, std::span<const ProcessEntry> processes, const std::set<pid_t>& members,
                               const std::function<std::string(pid_t)>& group_text, const PortHolders& holders);

}  // namespace uncork::cure
