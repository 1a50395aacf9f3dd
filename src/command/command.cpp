#include "command/command.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "command/leftovers.hpp"
#include "core/fd.hpp"
#include "core/syscall.hpp"

namespace uncork::command {
namespace {

constexpr core::Micros kGrace{1'000'000};
constexpr std::array kPassedOn = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

/// Our environment with `added` in it. The pointers are into both.
std::vector<char*> environment(std::vector<std::string>& added) {
  std::vector<char*> all;
  for (char** one = ::environ; *one != nullptr; ++one) {
    const std::string_view name = std::string_view(*one).substr(0, std::string_view(*one).find('=') + 1);
    if (std::ranges::none_of(added, [&](const std::string& other) { return other.starts_with(name); })) all.push_back(*one);
  }
  for (std::string& one : added) all.push_back(one.data());
  all.push_back(nullptr);
  return all;
}

struct Start {
  std::vector<char*> words;
  std::vector<char*> variables;
  int cgroup_procs;
  int failure;  // a pipe that takes the errno of what went wrong
  pid_t parent;
  sigset_t mask;
};

/// What went wrong in the child.
struct Failure {
  int why;
  bool in_cgroup;  ///< before the program was tried
};

/// In the child, between fork and exec: async-signal-safe calls only (and execvpe, which allocates nothing in glibc).
[[noreturn]] void become(const Start& start) {
  const auto fail = [&](bool in_cgroup) {
    const Failure failure{errno, in_cgroup};
    (void)!::write(start.failure, &failure, sizeof failure);
    ::_exit(kNotFound);
  };
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.parent) ::_exit(kNotFound);  // we died before prctl
  if (start.cgroup_procs >= 0 && ::write(start.cgroup_procs, "0", 1) != 1) fail(true);
  ::signal(SIGPIPE, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &start.mask, nullptr);
  ::execvpe(start.words.front(), start.words.data(), start.variables.data());
  fail(false);
  ::_exit(kNotFound);
}

core::Error why_not(const std::string& program, const Failure& failure) {
  const int err = failure.why;
  if (failure.in_cgroup) {
    core::Error error = core::system_error("put a process into a control group", err);
    error.code = core::ErrorCode::not_supported;
    return error;
  }
  core::Error error = core::system_error(program, err);
  error.code = err == ENOENT || err == ENOTDIR ? core::ErrorCode::not_found : core::ErrorCode::not_permitted;
  if (err == ENOENT && program.find('/') == std::string::npos) error.message = program + ": no such program in PATH";
  return error;
}

}  // namespace

Command::Command() {
  sigemptyset(&signals_);
  for (const int signal : kPassedOn) sigaddset(&signals_, signal);
  sigaddset(&signals_, SIGCHLD);
  ::pthread_sigmask(SIG_BLOCK, &signals_, &previous_);
}

Command::~Command() {
  end_leftovers();
  // What came meanwhile must not kill us once unblocked.
  constexpr timespec kNow{};
  while (::sigtimedwait(&signals_, nullptr, &kNow) > 0 || errno == EINTR) {
  }
  ::pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

core::Status Command::start(const CommandOptions& options) {
  UNCORK_ASSERT(!options.words.empty() && pid_ < 0);
  if (auto adopted = adopt_orphans(); !adopted) return adopted;
  std::array<int, 2> ends{};
  const auto piped = core::checked("pipe", [&] { return ::pipe2(ends.data(), O_CLOEXEC); });
  if (!piped) return core::fail(piped.error());
  const core::Fd failure(ends[0]);
  core::Fd child_end(ends[1]);
  std::vector<std::string> words = options.words;
  std::vector<std::string> variables = options.variables;
  Start start{{}, environment(variables), options.cgroup_procs, child_end.get(), ::getpid(), previous_};
  for (std::string& word : words) start.words.push_back(word.data());
  start.words.push_back(nullptr);
  const auto forked = core::checked("fork", [] { return ::fork(); });
  if (!forked) return core::fail(forked.error());
  if (*forked == 0) become(start);
  pid_ = *forked;
  child_end.reset();
  Failure what{};
  const auto got = core::checked("read", [&] { return ::read(failure.get(), &what, sizeof what); });
  if (!got || *got == 0) return {};  // exec has closed the other end
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  return core::fail(why_not(words.front(), what));
}

/// False: the deadline has passed.
bool Command::wait_signal(core::Time deadline) {
  const auto left = std::max<std::int64_t>((deadline - core::MonotonicClock::now()).count(), 0);
  const timespec timeout{left / 1'000'000, (left % 1'000'000) * 1'000};
  siginfo_t signal{};
  if (::sigtimedwait(&signals_, &signal, &timeout) > 0) {
    take(signal);
  } else if (errno != EINTR) {
    return false;  // EAGAIN: the deadline
  }
  reap();
  return true;
}

std::optional<int> Command::wait_until(core::Time deadline) {
  reap();
  while (!exit_ && wait_signal(deadline)) {
  }
  return exit_;
}

void Command::pause(core::Time deadline) {
  while (wait_signal(deadline)) {
  }
}

void Command::take(const siginfo_t& signal) {
  const bool from_terminal = signal.si_code == SI_KERNEL;  // which sends it to the whole group, the command too
  if (signal.si_signo == SIGCHLD || pid_ < 0) return;
  if (!exit_) {
    if (!from_terminal) ::kill(pid_, signal.si_signo);
    return;
  }
  for (const pid_t left : children()) {
    const bool had_it = from_terminal && ::getpgid(left) == ::getpgrp();
    if (!had_it) ::kill(left, signal.si_signo);  // a daemon is in a group of its own
  }
}

void Command::reap() {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno != EINTR)) return;
    if (ended == pid_) exit_ = WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
  }
}

bool Command::has_leftovers() const {
  siginfo_t ended{};
  return ::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0;
}

std::size_t Command::end_leftovers() { return end_children(kGrace); }

}  // namespace uncork::command
