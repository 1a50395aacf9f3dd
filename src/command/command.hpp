#pragma once
// Somebody's command, run as a shell would run it, with us around it: its output, its signals and its exit code pass through.

#include <sys/types.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::command {

/// The exit codes with which shells say that a command never began, and how they tell a signal (POSIX sh, 2.8.2).
inline constexpr int kNotFound = 127;
inline constexpr int kNotExecutable = 126;
inline constexpr int kSignalled = 128;

/// Of a command that start() could not begin.
[[nodiscard]] constexpr int exit_code_of(const core::Error& error) {
  return error.code == core::ErrorCode::not_found ? kNotFound : kNotExecutable;
}

struct CommandOptions {
  std::vector<std::string> words;        ///< the program and its arguments; it is looked for in PATH
  std::vector<std::string> variables{};  ///< NAME=VALUE, added to ours or instead of it
  int cgroup_procs = -1;                 ///< an open cgroup.procs in which it is put before it begins; -1: it stays in ours
};

/// A running command. It has our three standard descriptors, our process group and terminal; it dies with us, whatever ends us.
/// What is sent to us (SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2) is passed on to it, or to those that it has left when
/// it has ended, and does not end us; what the terminal sends it has had already. The processes that it leaves are ended with
/// this object. One at a time, made while the process has no other children; one thread, which must live as long.
class Command {
 public:
  /// Signals are ours from here on, also before start().
  Command();
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  /// not_found: there is no such program; not_permitted: it is not one that can be run;
  /// not_supported: the cgroup does not take it; others: we could not try.
  [[nodiscard]] core::Status start(const CommandOptions& options);

  /// Waits until the command has ended (its exit code, or kSignalled + the signal that ended it) or `deadline` has passed.
  [[nodiscard]] std::optional<int> wait_until(core::Time deadline);

  /// Waits until `deadline`, whether the command runs or not; signals are passed on meanwhile.
  void pause(core::Time deadline);

  /// Whether the command or something that it has left still runs.
  [[nodiscard]] bool has_leftovers() const;

  /// Ends what it has left running, and the command itself if it still does; how many processes those were.
  std::size_t end_leftovers();

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  bool wait_signal(core::Time deadline);
  void take(const siginfo_t& signal);
  void reap();

  sigset_t signals_{};
  sigset_t previous_{};
  pid_t pid_ = -1;
  std::optional<int> exit_;
};

}  // namespace uncork::command
