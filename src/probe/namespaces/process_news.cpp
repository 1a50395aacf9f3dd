#include "probe/namespaces/process_news.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>

namespace uncork::probe {

ProcessNews::ProcessNews(const std::string& proc)
    : loadavg_(::open((proc + "/loadavg").c_str(), O_RDONLY | O_CLOEXEC)),
      mounts_(::open((proc + "/self/mountinfo").c_str(), O_RDONLY | O_CLOEXEC)) {}

// `0.20 0.18 0.12 1/80 11206`: proc_loadavg(5).
pid_t ProcessNews::last_number() const {
  std::array<char, 128> text{};
  const ssize_t length = ::pread(loadavg_.get(), text.data(), text.size(), 0);
  if (length <= 0) return 0;
  const std::string_view line(text.data(), static_cast<std::size_t>(length));
  const std::size_t space = line.rfind(' ');
  pid_t number = 0;
  if (space != std::string_view::npos) std::from_chars(text.data() + space + 1, text.data() + line.size(), number);
  return number;
}

Begun ProcessNews::take() {
  constexpr pid_t kMost = 4096;  // looking at as many is no less work than at all
  Begun begun{.anything = false, .after = before_last_, .last = last_number()};
  pollfd mounts{mounts_.get(), POLLPRI, 0};
  const bool has_mounted = mounts.fd < 0 || ::poll(&mounts, 1, 0) != 0;
  const bool is_known = begun.last != 0 && begun.after != 0;
  begun.anything = has_mounted || !is_known || begun.last < begun.after || begun.last - begun.after > kMost;
  before_last_ = last_;
  last_ = begun.last;
  return begun;
}

// Numbers are given in ascending order, from the least free one on again at the end (alloc_pid() in kernel/pid.c).
void ProcessNews::is_ours(pid_t thread) {
  if (last_ == 0 || thread != last_ + 1) return;
  if (before_last_ == last_) before_last_ = thread;
  last_ = thread;
}

}  // namespace uncork::probe
