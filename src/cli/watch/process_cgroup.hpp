#pragma once
// In which control group, and so in which container, a process is.

#include <cstdint>
#include <string>

namespace uncork::cli {

/// The text of /proc/PID/cgroup; empty: the process has ended, or is not in our pid namespace (pid 0).
[[nodiscard]] std::string cgroup_text(std::int32_t pid);
/// The path in the last line of such a text, which is of cgroup v2 where there is one; empty: there is none.
[[nodiscard]] std::string cgroup_path_in(const std::string& text);
/// Whether `path` is `cgroup` or below it.
[[nodiscard]] bool is_in_cgroup(const std::string& path, const std::string& cgroup);

}  // namespace uncork::cli
