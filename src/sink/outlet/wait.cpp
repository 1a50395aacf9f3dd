#include "sink/outlet/wait.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace uncork::sink {

core::Result<bool> wait_for(int descriptor, short events, core::Time deadline) {
  for (;;) {
    constexpr std::int64_t kMost = 3'600'000;
    const std::int64_t left_us = std::max<std::int64_t>((deadline - core::MonotonicClock::now()).count(), 0);
    pollfd ready{descriptor, events, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::min(left_us / 1000 + (left_us % 1000 == 0 ? 0 : 1), kMost)));
    if (count >= 0) return count > 0;
    if (errno != EINTR) return core::fail(core::system_error("poll", errno));
  }
}

}  // namespace uncork::sink
