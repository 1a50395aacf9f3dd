#include "cure/pidfd.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include "core/syscall.hpp"

namespace uncork::cure {

core::Result<core::Fd> pidfd_open(pid_t pid) {
  const auto fd = core::checked("pidfd_open " + std::to_string(pid), [&] { return ::syscall(SYS_pidfd_open, pid, 0U); });
  if (!fd) return core::fail(fd.error());
  return core::Fd(static_cast<int>(*fd));
}

core::Result<core::Fd> pidfd_getfd(const core::Fd& pidfd, int fd) {
  const auto copy =
      core::checked("pidfd_getfd " + std::to_string(fd), [&] { return ::syscall(SYS_pidfd_getfd, pidfd.get(), fd, 0U); });
  if (!copy) return core::fail(copy.error());
  return core::Fd(static_cast<int>(*copy));
}

bool has_ended(const core::Fd& pidfd) {
  const auto readable = core::wait_readable(pidfd, core::Time{});  // a pidfd is readable once the last thread is gone
  return readable && *readable;
}

}  // namespace uncork::cure
