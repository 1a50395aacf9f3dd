#pragma once
// A soak: `uncork sockets` looks again and again, in a process of its own, at sockets that are known and change.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "lab/sockets/figures.hpp"
#include "lab/sockets/ground_truth.hpp"

namespace uncork::lab {

struct SoakOptions {
  core::Micros poll{1'000'000};        ///< between two looks
  core::Micros every{100'000};         ///< between two steps
  core::Micros duration{120'000'000};  ///< of the steps; the last looks come after it
  std::uint64_t open_files = 0;        ///< the watcher's limit of descriptors; 0: ours
  /// The program that looks and its arguments; empty: this very one, as `watcher_command` says.
  std::vector<std::string> command;
};

struct SoakProgress {
  core::Micros elapsed{0};
  const Tally& tally;
  std::size_t ends = 0;  ///< of the watcher
};

/// While the world is made (`made` of `of` namespaces), then with every look; false stops.
struct SoakObserver {
  std::function<bool(std::size_t made, std::size_t of)> on_made;
  std::function<bool(const SoakProgress&)> on_progress;
};

/// What changes the world once, and tells the truth about it. Called on a thread of its own, never while a look is judged.
using SoakStep = std::function<core::Status()>;

/// Starts the watcher, and with its first look the steps; judges every look; ends the watcher after two more. The watcher is the
/// real program, not a part of it in a forked child: what is judged is what a reader of its output gets, with all that a process
/// has that runs for hours (its options, enrichment, formats and pipes), and how it ends is told by the kernel. When it ends
/// unasked, says nothing for a minute or writes what is no look, that is counted, and it is started again.
///
/// Errors: it cannot be started, a step failed, it ended twenty times, or `on_progress` (called several times a second) returned
/// false ("stopped before the end").
[[nodiscard]] core::Result<SoakFigures> run_soak(const SoakOptions& options, GroundTruth& truth, const SoakStep& step,
                                                 const std::function<bool(const SoakProgress&)>& on_progress);

/// `sockets --netns all --follow … --json --columns …`.
[[nodiscard]] std::vector<std::string> watcher_command(core::Micros poll);

/// Lets this process have as many descriptors as it may, and gives the limit that there was; an error if it may have fewer than
/// `needed`.
[[nodiscard]] core::Result<std::uint64_t> raise_open_files(std::uint64_t needed);

}  // namespace uncork::lab
