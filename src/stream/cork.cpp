#include "uncork/stream/detail/cork.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <ctime>

namespace uncork::stream::detail {

cork_guard::cork_guard(const transmit_system& system, int socket, bool before) noexcept : system_(system), socket_(socket) {
  if (before) return;
  error_ = set(1);
  holding_ = !error_;
}

cork_guard::~cork_guard() {
  if (holding_) (void)set(0);
}

boost::system::error_code cork_guard::put_back() noexcept {
  if (!holding_) return {};
  const auto error = set(0);
  holding_ = error.failed();
  return error;
}

boost::system::error_code cork_guard::set(int value) noexcept {
  if (system_.setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &value, sizeof value) == 0) return {};
  return {errno, boost::system::system_category()};
}

sigpipe_guard::sigpipe_guard() noexcept {
  sigset_t before;
  ::sigemptyset(&pipe_);
  ::sigaddset(&pipe_, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_, &before);
  was_blocked_ = ::sigismember(&before, SIGPIPE) == 1;
  if (!was_blocked_) return;  // then none can be pending: it would have been delivered
  sigset_t pending;
  was_pending_ = ::sigpending(&pending) == 0 && ::sigismember(&pending, SIGPIPE) == 1;
}

sigpipe_guard::~sigpipe_guard() {
  const int saved = errno;
  constexpr timespec kNow{};
  if (raised_ && !was_pending_) {
    while (::sigtimedwait(&pipe_, nullptr, &kNow) < 0 && errno == EINTR) {
    }
  }
  if (!was_blocked_) ::pthread_sigmask(SIG_UNBLOCK, &pipe_, nullptr);
  errno = saved;
}

}  // namespace uncork::stream::detail
