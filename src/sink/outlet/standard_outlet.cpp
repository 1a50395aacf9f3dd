#include "sink/outlet/standard_outlet.hpp"

#include <limits.h>  // PIPE_BUF
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "core/syscall.hpp"
#include "sink/outlet/wait.hpp"

namespace uncork::sink {

Delivery StandardOutlet::deliver(const Parcel& parcel, core::Time deadline) {
  while (written_ < parcel.bytes.size()) {
    const auto ready = wait_for(descriptor_, POLLOUT, deadline);
    if (!ready) return Delivery::not_now(name_ + ": " + ready.error().message);
    if (!*ready) return Delivery::going_on();
    // A pipe that is ready has room for so many, and takes them without blocking (pipe(7)).
    const std::size_t most = std::min<std::size_t>(parcel.bytes.size() - written_, PIPE_BUF);
    const auto wrote =
        core::checked("write " + name_, [&] { return ::write(descriptor_, parcel.bytes.data() + written_, most); });
    if (!wrote) {
      if (wrote.error().system_errno == EAGAIN) return Delivery::going_on();
      return Delivery::not_now(wrote.error().message);
    }
    written_ += static_cast<std::size_t>(*wrote);
  }
  written_ = 0;
  return Delivery::done();
}

}  // namespace uncork::sink
