#pragma once
// Where `uncork watch` gets its figures, and which connections these are of.

#include "cli/watch/choice.hpp"
#include "cli/watch/options.hpp"
#include "core/result.hpp"
#include "probe/open_source.hpp"
#include "probe/witness.hpp"

namespace uncork::cli {

struct WatchSource {
  probe::OpenedSource opened;
  Choice choice;                        ///< the kernel's part of it is done
  bool sums_in_kernel = false;          ///< by service, of all that is chosen
  bool keeps_whole = true;              ///< accounts; else they begin when something is held for the first time
  probe::Witness* streaming = nullptr;  ///< the opened source, if it streams events
};

/// Opens the witness, or samples where it is unavailable and `options` can do without it. Where a command is to be run, what this
/// process starts from now on is chosen. Errors: those of choose(); what needs the witness says so.
[[nodiscard]] core::Result<WatchSource> open_watch_source(const WatchOptions& options);

}  // namespace uncork::cli
