#pragma once
// Where `uncork watch` gets its figures, and which connections these are of.

#include "cli/watch/options.hpp"
#include "core/result.hpp"
#include "probe/connection_board.hpp"
#include "probe/open_source.hpp"
#include "probe/witness.hpp"

namespace uncork::cli {

struct WatchSource {
  probe::OpenedSource opened;
  probe::ConnectionFilter filter;       ///< what the source itself does not leave out
  probe::Witness* streaming = nullptr;  ///< the opened source, if it streams events
};

[[nodiscard]] core::Result<WatchSource> open_watch_source(const WatchOptions& options);

}  // namespace uncork::cli
