#pragma once
// The Zino server: command port, notification port, state, planned maintenance, on one thread and a worker for the disk.

#include <functional>
#include <stop_token>

#include "core/result.hpp"
#include "zino/server/server_options.hpp"

namespace uncork::zino {

/// Serves until a stop is asked for or SIGTERM or SIGINT comes; then what is under way is finished, the journal folded into the
/// state file, and every connection closed. `on_listening` is told of each address once it accepts. Blocking. Errors: a damaged
/// state file (named with line and field), an address that is not available, a last fold that failed.
[[nodiscard]] core::Status run_zino_server(const ServerOptions& options,
                                           const std::function<void(const Listening&)>& on_listening,
                                           const std::stop_token& stop = {});

}  // namespace uncork::zino
