#include "uncork/stream/detail/sigpipe_guard.hpp"

#include <cerrno>
#include <ctime>

namespace uncork::stream::detail {

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
