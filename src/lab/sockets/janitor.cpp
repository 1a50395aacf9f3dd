#include "lab/sockets/janitor.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::lab {
namespace {

/// Lines `+path` and `-path` until the end; then what is left is removed.
void tidy_up(int pipe) {
  std::set<std::string> there;
  std::string line;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t got = ::read(pipe, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (const char c : std::string_view(chunk.data(), static_cast<std::size_t>(got))) {
      if (c != '\n') {
        line += c;
        continue;
      }
      if (line.starts_with('+')) there.insert(line.substr(1));
      if (line.starts_with('-')) there.erase(line.substr(1));
      line.clear();
    }
  }
  for (const std::string& path : there) remove_name(path);
}

[[noreturn]] void become_janitor(core::Fd pipe) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  ::setpgid(0, 0);
  ::prctl(PR_SET_NAME, "lab-janitor");
  // Whoever reads what the lab prints waits for the end of it, not for ours.
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) ::dup2(nothing, fd);
  tidy_up(pipe.get());
  ::_exit(0);
}

}  // namespace

core::Result<Janitor> Janitor::start() {
  std::array<int, 2> ends{};
  const auto piped = core::checked("pipe", [&] { return ::pipe2(ends.data(), O_CLOEXEC); });
  if (!piped) return core::fail(piped.error());
  core::Fd reads(ends[0]);
  core::Fd writes(ends[1]);
  const auto forked = core::checked("fork", [] { return ::fork(); });
  if (!forked) return core::fail(forked.error());
  if (*forked == 0) {
    writes.reset();
    become_janitor(std::move(reads));
  }
  return Janitor(*forked, std::move(writes));
}

Janitor::Janitor(Janitor&& other) noexcept : pid_(std::exchange(other.pid_, -1)), pipe_(std::move(other.pipe_)) {}

Janitor::~Janitor() {
  if (pid_ < 0) return;
  pipe_.reset();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {  // it ends by itself: nothing that it does can wait
  }
}

core::Status Janitor::tell(char what, const std::string& path) {
  const std::string line = what + path + "\n";  // less than PIPE_BUF: written whole
  const auto written =
      core::checked("tell the lab's janitor about " + path, [&] { return ::write(pipe_.get(), line.data(), line.size()); });
  return written ? core::Status() : core::fail(written.error());
}

void remove_name(const std::string& path) {
  ::umount2(path.c_str(), MNT_DETACH);
  ::unlink(path.c_str());
}

}  // namespace uncork::lab
