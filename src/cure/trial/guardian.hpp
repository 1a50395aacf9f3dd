#pragma once
// A child process that takes a trial back when the trial can no longer do so itself, however it died.

#include <sys/types.h>

#include <utility>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "cure/watcher.hpp"

namespace uncork::cure {

/// The child waits at a pipe, in a session of its own, so that neither Ctrl-C nor a kill of the process group ends it too. When
/// the pipe closes before stand_down(), it undoes each protected process (undo_process) and says so on standard error. If it is
/// killed as well, the record stays, and `uncork cure --undo` restores. Start it while there is one thread; moves, never copies.
class Guardian {
 public:
  [[nodiscard]] static core::Result<Guardian> start(const CureOptions& options);
  Guardian(Guardian&& other) noexcept : child_(std::exchange(other.child_, -1)), to_child_(std::move(other.to_child_)) {}
  Guardian& operator=(Guardian&&) = delete;
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;
  /// Without stand_down() before: what is protected is undone. Waits for the child.
  ~Guardian();

  /// Before the first change to that process.
  [[nodiscard]] core::Status protect(pid_t pid) const;
  /// All is as it is meant to stay.
  void stand_down();

 private:
  Guardian(pid_t child, core::Fd to_child) : child_(child), to_child_(std::move(to_child)) {}
  [[nodiscard]] core::Status send(pid_t pid) const;

  pid_t child_;
  core::Fd to_child_;
};

}  // namespace uncork::cure
