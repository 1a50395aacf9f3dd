#pragma once
// The control group of a container by the id or the name that people know it by.

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "probe/enrich/cgroup_paths.hpp"
#include "probe/enrich/container_names.hpp"

namespace uncork::probe {

/// The path (below the mount) of the control group of the container called `asked`, out of `paths`: its whole id, the first
/// digits of it (four at least), or a name that `names` has, or that is the id itself (lxc, systemd-nspawn). The uppermost of
/// several. Errors: not_found, with the containers there are; invalid_argument where it means several. Sans-I/O.
[[nodiscard]] core::Result<std::string> container_among(std::string_view asked, const std::vector<std::string>& paths,
                                                        const std::vector<ContainerName>& names);

/// The same among those of this machine, by the names that the sources tell.
/// not_supported: no hierarchy of version 2 is mounted at `mount`.
[[nodiscard]] core::Result<std::string> find_container(std::string_view asked, const NameSources& sources = {},
                                                       const std::string& mount = cgroup_mount());

}  // namespace uncork::probe
