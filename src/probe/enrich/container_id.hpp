#pragma once
// Which container a cgroup path belongs to. Sans-I/O.

#include <string>
#include <string_view>

namespace uncork::probe {

/// A container as its cgroup path tells it; what the path does not tell is empty. A value.
struct Container {
  std::string id{};       ///< 64 hex digits, or the name where the runtime has names only (lxc, systemd-nspawn)
  std::string runtime{};  ///< docker, containerd, cri-o, podman, lxc, systemd-nspawn; kubernetes: some runtime under a kubelet
  std::string pod_uid{};  ///< of a Kubernetes pod: 8-4-4-4-12 hex digits

  bool operator==(const Container&) const = default;
};

/// Of the innermost container in the path (`/system.slice/docker-<id>.scope/init`). Helpers of a runtime (conmon, monitors) are
/// not in the container. Any bytes; empty for a path of none.
[[nodiscard]] Container container_of(std::string_view cgroup_path);
/// The same of the text of /proc/PID/cgroup (cgroups(7)): of the first line whose path tells one.
[[nodiscard]] Container container_in_cgroup(std::string_view cgroup);

}  // namespace uncork::probe
