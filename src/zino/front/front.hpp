#pragma once
// The front: stands near Zino clients that nobody changes, and ends the round trips of their listings.

#include <functional>
#include <stop_token>

#include "core/result.hpp"
#include "zino/front/answers_ahead.hpp"
#include "zino/front/front_options.hpp"
#include "zino/server/server_options.hpp"

namespace uncork::zino {

/// What a front did in its life.
struct FrontSummary {
  std::uint64_t clients = 0;  ///< of the command port
  std::uint64_t passed_through = 0;
  AheadCounts ahead;
};

/// Each client gets a connection of its own to the server, on either port; a FrontSession is between the two. Whichever side
/// closes, the other is closed after what was there for it. Serves until a stop is asked for, or SIGTERM or SIGINT. Blocking, one
/// thread. Errors: an address that is not available. A server that is not there is the client's: its connection is closed.
[[nodiscard]] core::Result<FrontSummary> run_front(const FrontOptions& options,
                                                   const std::function<void(const Listening&)>& on_listening,
                                                   const std::stop_token& stop = {});

}  // namespace uncork::zino
