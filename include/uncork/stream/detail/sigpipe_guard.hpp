#pragma once
// SIGPIPE is never raised by a file that is sent.

#include <signal.h>

namespace uncork::stream::detail {

/// Keeps sendfile(2), which knows no MSG_NOSIGNAL, from raising SIGPIPE in this thread while it lives. It then takes away the
/// signal that a call under it has raised; one that was pending before stays.
class sigpipe_guard {
 public:
  sigpipe_guard() noexcept;
  ~sigpipe_guard();
  sigpipe_guard(const sigpipe_guard&) = delete;
  sigpipe_guard& operator=(const sigpipe_guard&) = delete;

  /// A call under the guard has failed with EPIPE.
  void raised() noexcept { raised_ = true; }

 private:
  sigset_t pipe_{};
  bool was_blocked_ = false;
  bool was_pending_ = false;
  bool raised_ = false;
};

}  // namespace uncork::stream::detail
