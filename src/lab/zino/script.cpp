#include "lab/zino/script.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "core/syscall.hpp"

namespace uncork::lab {
namespace {

constexpr core::Micros kLookEvery{250'000};

/// In the child, between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const char* program, char* const* arguments, int output, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it died before prctl
  setpgid(0, 0);                      // Ctrl-C is for the lab
  dup2(output, STDOUT_FILENO);
  execv(program, arguments);
  _exit(127);
}

/// All that comes until the program closes its standard output.
core::Result<std::string> read_output(const core::Fd& output, core::Time deadline, const std::function<bool()>& proceed) {
  std::string text;
  for (;;) {
    const auto ready = core::wait_readable(output, core::MonotonicClock::now() + kLookEvery);
    if (!ready) return core::fail(ready.error());
    if (!proceed()) return core::fail({core::ErrorCode::system, 0, "stopped before the end"});
    if (core::MonotonicClock::now() > deadline) return core::fail({core::ErrorCode::system, ETIMEDOUT, "it took too long"});
    if (!*ready) continue;
    std::array<std::byte, 4096> chunk{};
    const auto got = core::read_some(output, chunk);
    if (!got) return core::fail(got.error());
    if (got->kind == core::ReadOutcome::Kind::end) return text;
    text.append(reinterpret_cast<const char*>(chunk.data()), got->count);
  }
}

}  // namespace

core::Result<std::string> run_to_end(const std::string& program, const std::vector<std::string>& arguments, core::Micros limit,
                                     const std::function<bool()>& proceed) {
  std::array<int, 2> ends{};
  const auto piped = core::checked("pipe", [&] { return ::pipe2(ends.data(), O_CLOEXEC); });
  if (!piped) return core::fail(piped.error());
  const core::Fd output(ends[0]);
  core::Fd child_end(ends[1]);
  std::string name = program;
  std::vector<std::string> copies = arguments;
  std::vector<char*> argv = {name.data()};
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const auto forked = core::checked("fork", [] { return ::fork(); });
  if (!forked) return core::fail(forked.error());
  if (*forked == 0) become(program.c_str(), argv.data(), child_end.get(), parent);
  child_end.reset();  // so that the child's end of it is the last
  auto text = read_output(output, core::MonotonicClock::now() + limit, proceed);
  if (!text) ::kill(*forked, SIGKILL);
  int status = 0;
  const auto waited = core::checked("waitpid", [&] { return ::waitpid(*forked, &status, 0); });
  if (!text) return text;
  if (!waited) return core::fail(waited.error());
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return core::fail(core::Error{core::ErrorCode::system, 0, fmt::format("{}: failed; its output is above", program)});
  }
  return text;
}

}  // namespace uncork::lab
