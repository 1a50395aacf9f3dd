#include "cure/trial/guardian.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::cure {
namespace {

/// What is sent over the pipe: pids, and at the end this.
constexpr pid_t kStandDown = 0;

void say(const std::string& text) { static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) != 0); }

/// False: the pipe was closed.
bool receive(const core::Fd& from, pid_t& pid) {
  std::array<std::byte, sizeof pid> bytes{};
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto got = core::read_some(from, std::span(bytes).subspan(have), "read from the trial");
    if (!got || got->kind != core::ReadOutcome::Kind::bytes) return false;
    have += got->count;
  }
  pid = std::bit_cast<pid_t>(bytes);
  return true;
}

void restore(const std::set<pid_t>& pids, const CureOptions& options) {
  std::size_t undone = 0;
  std::string failed;
  for (const pid_t pid : pids) {
    const auto report = undo_process(pid, options);
    if (report) {
      undone += report->undone;
    } else if (report.error().code != core::ErrorCode::not_found) {  // ended: nothing is left to restore
      failed += fmt::format("uncork: {}; try 'uncork cure --pid {} --undo'\n", report.error().message, pid);
    }
  }
  say(fmt::format("uncork cure: the trial was ended by force; TCP_NODELAY was taken back from {} socket{}\n{}", undone,
                  undone == 1 ? "" : "s", failed));
}

[[noreturn]] void guard(const core::Fd& from, const CureOptions& options) {
  ::setsid();
  ::prctl(PR_SET_NAME, "uncork-guardian");
  // Whoever reads the trial's output waits for its end, not for ours.
  const core::Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(nothing.get(), STDOUT_FILENO);
  ::signal(SIGPIPE, SIG_IGN);
  std::set<pid_t> pids;
  pid_t pid = 0;
  while (receive(from, pid)) {
    if (pid == kStandDown) ::_exit(0);
    pids.insert(pid);
  }
  if (!pids.empty()) restore(pids, options);
  ::_exit(0);
}

}  // namespace

core::Result<Guardian> Guardian::start(const CureOptions& options) {
  std::array<int, 2> ends{};
  const auto made = core::checked("pipe", [&] { return ::pipe2(ends.data(), O_CLOEXEC); });
  if (!made) return core::fail(made.error());
  core::Fd reading(ends[0]);
  core::Fd writing(ends[1]);
  const auto child = core::checked("fork", [] { return ::fork(); });
  if (!child) return core::fail(child.error());
  if (*child == 0) {
    writing.reset();  // else it would never see the end
    guard(reading, options);
  }
  return Guardian(*child, std::move(writing));
}

core::Status Guardian::send(pid_t pid) const {
  const auto sent = core::checked("write to the trial's guardian", [&] { return ::write(to_child_.get(), &pid, sizeof pid); });
  if (!sent) return core::fail(sent.error());
  return {};
}

core::Status Guardian::protect(pid_t pid) const { return send(pid); }

void Guardian::stand_down() {
  if (!to_child_) return;
  // If it is gone already, so be it.
  static_cast<void>(send(kStandDown).has_value());
  to_child_.reset();
}

Guardian::~Guardian() {
  if (child_ < 0) return;
  to_child_.reset();
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace uncork::cure
