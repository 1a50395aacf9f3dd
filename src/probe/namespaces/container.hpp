#pragma once
// Which container a process is in, as its cgroup tells.

#include <string>
#include <string_view>

namespace uncork::probe {

/// A value; empty: no container.
struct Container {
  std::string id;       ///< 64 hexadecimal digits
  std::string runtime;  ///< docker, containerd, cri-o, podman; empty: the path does not tell

  bool operator==(const Container&) const = default;
};

/// Reads /proc/PID/cgroup: the last path component that holds 64 hexadecimal digits.
[[nodiscard]] Container container_in_cgroup(std::string_view cgroup);

}  // namespace uncork::probe
