#pragma once
// By what `uncork watch --by` groups connections: process, peer, container, control group.

#include "cli/watch/options.hpp"
#include "probe/connection_groups.hpp"

namespace uncork::cli {

/// By service where `by` is that.
[[nodiscard]] probe::ConnectionGroups::KeyOf grouping(WatchBy by);

}  // namespace uncork::cli
