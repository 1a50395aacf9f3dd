#include "command/leftovers.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "core/syscall.hpp"

namespace uncork::command {
namespace {

constexpr core::Micros kPatience{10'000'000};

/// The parent's id in the text of /proc/PID/stat, in which the command may hold spaces and parentheses (proc(5)).
pid_t parent_in(std::string_view stat) {
  const std::size_t after = stat.rfind(") ");
  if (after == std::string_view::npos || after + 4 > stat.size()) return 0;
  const std::string_view rest = stat.substr(after + 4);  // behind the state
  pid_t parent = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), parent);
  return parent;
}

/// Whether there are children still, of which the dead ones are reaped.
bool any_left() {
  for (;;) {
    const pid_t reaped = ::waitpid(-1, nullptr, WNOHANG);
    if (reaped == 0) return true;
    if (reaped < 0 && errno != EINTR) return false;
  }
}

}  // namespace

std::vector<pid_t> children() {
  std::vector<pid_t> found;
  const pid_t self = ::getpid();
  std::error_code gone;
  for (auto entry = std::filesystem::directory_iterator("/proc", gone); !gone && entry != std::filesystem::directory_iterator();
       entry.increment(gone)) {
    const std::string name = entry->path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
    const auto stat = core::read_file("/proc/" + name + "/stat");
    if (stat && parent_in(*stat) == self) found.push_back(pid);
  }
  return found;
}

core::Status adopt_orphans() {
  const auto set = core::checked("become the reaper of orphans", [] { return ::prctl(PR_SET_CHILD_SUBREAPER, 1); });
  return set ? core::Status() : core::fail(set.error());
}

std::size_t end_children(core::Micros grace) {
  if (!any_left()) return 0;
  const std::size_t found = children().size();
  const core::Time begun = core::MonotonicClock::now();
  std::set<pid_t> asked;
  while (any_left() && core::MonotonicClock::now() - begun < grace + kPatience) {
    const bool patient = core::MonotonicClock::now() - begun < grace;
    for (const pid_t child : children()) {
      if (patient && !asked.insert(child).second) continue;
      ::kill(child, patient ? SIGTERM : SIGKILL);
      ::kill(child, SIGCONT);  // a stopped one would not hear of it
    }
    ::usleep(patient ? 20'000 : 1'000);
  }
  return found;
}

}  // namespace uncork::command
