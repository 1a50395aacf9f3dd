#pragma once
// The cork of one turn of a transmission, which is never left in.

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

}  // namespace uncork::stream::detail
