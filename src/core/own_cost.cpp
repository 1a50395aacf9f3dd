#include "core/own_cost.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <ctime>
#include <string>
#include <string_view>

#include "core/syscall.hpp"

namespace uncork::core {
namespace {

Micros micros(const timeval& time) { return std::chrono::seconds(time.tv_sec) + Micros(time.tv_usec); }

/// Field `number` of /proc/PID/stat, counted from 1 as proc_pid_stat(5) does, from the third on.
std::uint64_t field(std::string_view stat, int number) {
  std::size_t at = stat.rfind(')');  // a command may hold spaces and brackets
  for (int i = 2; i < number && at != std::string_view::npos; ++i) at = stat.find(' ', at + 1);
  std::uint64_t value = 0;
  if (at != std::string_view::npos) std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), value);
  return value;
}

}  // namespace

OwnCost own_cost() {
  constexpr int kThreads = 20;
  constexpr int kRssPages = 24;
  OwnCost cost;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  cost.cpu = micros(usage.ru_utime) + micros(usage.ru_stime);
  const std::string stat = read_file("/proc/self/stat", 4096).value_or("");
  cost.threads = field(stat, kThreads);
  cost.rss_bytes = field(stat, kRssPages) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return cost;
}

Micros thread_cpu() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::duration_cast<Micros>(std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace uncork::core
