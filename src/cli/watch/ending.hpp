#pragma once
// What ends a watch, and how it waits until then.

#include <optional>
#include <string>
#include <vector>

#include "command/command.hpp"
#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/stop_signal.hpp"

namespace uncork::cli {

/// One thread.
class WatchEnding {
 public:
  virtual ~WatchEnding() = default;
  /// Whether the watch is over; what happened before it was is there to be seen. May say why on standard error.
  [[nodiscard]] virtual bool is_over(core::Time now) = 0;
  /// Until then, or until it may be over.
  virtual void wait_until(core::Time deadline) = 0;
  /// How people end it: `watching for 10.0 s; Ctrl-C ends it`; empty: nothing needs to be said.
  [[nodiscard]] virtual std::string words() const = 0;
  /// The exit code of the command that has ended it.
  [[nodiscard]] virtual std::optional<int> command_exit() const { return std::nullopt; }
};

/// A signal, a time (from the first question on), or the end of a process. Made before any thread, as its StopSignal.
class UntilStopped : public WatchEnding {
 public:
  explicit UntilStopped(std::optional<core::Micros> duration) : duration_(duration) {}
  /// A pidfd, and what is said at its end.
  void follow(core::Fd process, std::string farewell);

  [[nodiscard]] bool is_over(core::Time now) override;
  void wait_until(core::Time deadline) override;
  [[nodiscard]] std::string words() const override;

 private:
  core::StopSignal stop_;
  std::optional<core::Micros> duration_;
  std::optional<core::Time> end_;  // from the first question on
  std::optional<core::Fd> process_;
  std::string farewell_;
};

/// The end of a command and of everything that it has left running.
class UntilCommandEnds : public WatchEnding {
 public:
  /// The command must be running.
  explicit UntilCommandEnds(command::Command& command) : command_(command) {}

  [[nodiscard]] bool is_over(core::Time now) override;
  void wait_until(core::Time deadline) override;
  [[nodiscard]] std::string words() const override { return ""; }
  [[nodiscard]] std::optional<int> command_exit() const override { return exit_; }

 private:
  command::Command& command_;
  std::optional<int> exit_;
  bool said_ = false;
};

}  // namespace uncork::cli
