#pragma once
// Guards of one turn of a transmission: the cork that is never left in, and SIGPIPE that is never raised.

#include <signal.h>

#include <boost/system/error_code.hpp>

#include "uncork/stream/detail/transmit_system.hpp"

namespace uncork::stream::detail {

/// Holds TCP_CORK on a socket while it lives, then puts back what `before` says, which pushes what is pending. A held cork that
/// is waited under costs up to 200 ms (Linux: a corked partial segment with nothing in flight leaves by the persist timer),
/// so it lives for one turn of the loop and never across a wait.
class cork_guard {
 public:
  /// `before`: whether the caller had corked the socket itself; then nothing is changed at all.
  cork_guard(const transmit_system& system, int socket, bool before) noexcept;
  /// Puts back, if put_back() has not.
  ~cork_guard();
  cork_guard(const cork_guard&) = delete;
  cork_guard& operator=(const cork_guard&) = delete;

  /// Why the cork could not be taken.
  [[nodiscard]] boost::system::error_code error() const noexcept { return error_; }
  /// Pushes what is pending, now. On an error the destructor tries once more.
  [[nodiscard]] boost::system::error_code put_back() noexcept;

 private:
  [[nodiscard]] boost::system::error_code set(int value) noexcept;

  const transmit_system& system_;
  int socket_;
  bool holding_ = false;
  boost::system::error_code error_;
};

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
