#pragma once
// What people call a container: as the kubelet and Docker's socket tell it.

#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "probe/enrich/docker_names.hpp"
#include "probe/enrich/kubelet_logs.hpp"

namespace uncork::probe {

inline constexpr const char* kDockerSocket = "/run/docker.sock";

/// Who is asked for names.
struct NameSources {
  std::string docker_socket = kDockerSocket;  ///< podman's speaks the same; empty: not asked
  std::string kubelet_logs = kKubeletLogs;    ///< empty: not read
};

/// All containers of this machine that have a name. What could not be asked is left out; `why`, if given, then says why. Blocks
/// until `deadline` at most.
[[nodiscard]] std::vector<ContainerName> container_names(const NameSources& sources, core::Time deadline,
                                                         std::string* why = nullptr);

/// Names containers by their ids and remembers the answers: sources are asked when an id is new, once a second at most, and
/// again after half a minute. One thread.
class ContainerNamer {
 public:
  explicit ContainerNamer(NameSources sources = {}) : sources_(std::move(sources)) {}

  /// `default/web-7d4b9/nginx`, `web-1`; the first twelve digits of the id where nobody knows a name; empty for an empty id.
  [[nodiscard]] std::string name_of(const std::string& id);

 private:
  NameSources sources_;
  std::vector<ContainerName> names_;
  std::vector<std::string> unknown_;  // since the sources were asked
  core::Time asked_{};
};

}  // namespace uncork::probe
