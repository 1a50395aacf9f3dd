#pragma once
// What began from which a network namespace may have come. A hint where to look for them.

#include <sys/types.h>

#include <string>

#include "core/fd.hpp"

namespace uncork::probe {

/// Processes and threads with these numbers, and whatever else may have come.
struct Begun {
  bool anything = false;  ///< mounts changed, numbers began anew, or it cannot be told
  pid_t after = 0;        ///< numbers from the one behind it
  pid_t last = 0;         ///< to this one
};

/// Asks two counters of the kernel instead of every process: the number that it gave a process or thread last (/proc/loadavg),
/// and whether the table of mounts has changed (poll(2) of /proc/self/mountinfo: mounts_poll() in fs/proc_namespace.c). What it
/// cannot see is a process that is there already and goes into a namespace of its own (unshare(2), setns(2)) without starting
/// a thread. Needs no privilege. Moves, never copies; one thread.
class ProcessNews {
 public:
  /// `proc`: where proc(5) is mounted.
  explicit ProcessNews(const std::string& proc = "/proc");

  /// What began since the call before, and, once more, since the one before that: a process may be moved into its namespace
  /// a moment after it began.
  [[nodiscard]] Begun take();

  /// A thread of our own got this number: it did not begin, if none was given between.
  void is_ours(pid_t thread);

 private:
  [[nodiscard]] pid_t last_number() const;

  core::Fd loadavg_;
  core::Fd mounts_;
  pid_t last_ = 0;         // as of the call before; 0: not known
  pid_t before_last_ = 0;  // likewise, of the one before that
};

}  // namespace uncork::probe
