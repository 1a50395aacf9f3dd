#include "lab/cpu_time.hpp"

#include <time.h>

#include <cerrno>

namespace uncork::lab {

core::Result<core::Micros> cpu_time(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (const int error = ::clock_getcpuclockid(pid, &clock); error != 0) {
    return core::fail(core::system_error("clock_getcpuclockid", error));
  }
  if (::clock_gettime(clock, &used) != 0) return core::fail(core::system_error("clock_gettime of a child", errno));
  return std::chrono::duration_cast<core::Micros>(std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec));
}

}  // namespace uncork::lab
