#pragma once
// SIGINT and SIGTERM as a value that a loop waits for, so that every verb can end in order: summary, detach, clean up; and, for
// what reads its configuration again, SIGHUP.

#include <csignal>
#include <utility>

#include "core/clock.hpp"

namespace uncork::core {

/// While one exists, SIGINT and SIGTERM are blocked in the constructing thread (and threads and children made after it) and
/// reported here instead of killing the process. Make it before any thread; at most one at a time. Not thread-safe.
class StopSignal {
 public:
  enum class Hangup : bool { left_alone, taken };
  explicit StopSignal(Hangup hangup = Hangup::left_alone);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Sleeps until `deadline`, a stop signal, or a SIGHUP that is taken, whichever is first; true once a stop signal has come,
  /// then always.
  bool wait_until(Time deadline);
  /// Whether a stop signal has come; does not sleep.
  bool stopped() { return wait_until(Time{}); }
  /// Whether a SIGHUP has come since this was last asked.
  bool take_hangup() { return std::exchange(hung_up_, false); }

 private:
  sigset_t signals_{};
  sigset_t previous_{};
  bool stopped_ = false;
  bool hung_up_ = false;
};

}  // namespace uncork::core
