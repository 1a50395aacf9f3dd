#include "core/stop_signal.hpp"

#include <algorithm>
#include <cerrno>

namespace uncork::core {

StopSignal::StopSignal(Hangup hangup) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  if (hangup == Hangup::taken) sigaddset(&signals_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals_, &previous_);
}

StopSignal::~StopSignal() {
  // A second signal that came during the clean-up must not kill us once unblocked.
  constexpr timespec kNow{};
  while (sigtimedwait(&signals_, nullptr, &kNow) > 0 || errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

bool StopSignal::wait_until(Time deadline) {
  while (!stopped_) {
    const auto left = std::max<std::int64_t>((deadline - MonotonicClock::now()).count(), 0);
    timespec timeout{left / 1'000'000, (left % 1'000'000) * 1'000};
    const int signal = sigtimedwait(&signals_, nullptr, &timeout);
    if (signal == SIGHUP) {
      hung_up_ = true;
      break;
    }
    if (signal > 0) {
      stopped_ = true;
    } else if (errno != EINTR) {
      break;  // EAGAIN: the deadline
    }
  }
  return stopped_;
}

}  // namespace uncork::core
