#pragma once
// By what `uncork watch --by` groups connections: process, peer, container, control group.

#include "cli/watch/options.hpp"
#include "probe/connection_groups.hpp"
#include "probe/enrich/container_names.hpp"

namespace uncork::cli {

/// By service where `by` is that. `namer` is of containers, and must outlive it.
[[nodiscard]] probe::ConnectionGroups::KeyOf grouping(WatchBy by, probe::ContainerNamer& namer);

}  // namespace uncork::cli
