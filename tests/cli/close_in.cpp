#include "tests/cli/close_in.hpp"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "core/syscall.hpp"

namespace uncork::cli::testing {
namespace {

#ifdef __x86_64__

std::vector<int> descriptors_of(pid_t child, const std::string& what) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(child) + "/fdinfo")) {
    const auto text = core::read_file(entry.path());
    if (text && text->contains(what)) found.push_back(std::stoi(entry.path().filename()));
  }
  return found;
}

/// close(fd) by the child, which stands behind a `syscall` instruction with these registers.
bool close_one(pid_t child, const user_regs_struct& standing, int fd) {
  user_regs_struct registers = standing;
  registers.rip -= 2;
  registers.rax = SYS_close;
  registers.orig_rax = static_cast<unsigned long long>(-1);  // none is to be begun again
  registers.rdi = static_cast<unsigned long long>(fd);
  if (::ptrace(PTRACE_SETREGS, child, nullptr, &registers) != 0 || ::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0 ||
      ::waitpid(child, nullptr, 0) != child || ::ptrace(PTRACE_GETREGS, child, nullptr, &registers) != 0)
    return false;
  return registers.rax == 0;
}

bool stands_behind_a_syscall(pid_t child, const user_regs_struct& standing) {
  constexpr unsigned long kSyscall = 0x050f;
  errno = 0;
  const long code = ::ptrace(PTRACE_PEEKTEXT, child, standing.rip - 2, nullptr);
  return errno == 0 && (static_cast<unsigned long>(code) & 0xffffU) == kSyscall;
}

#endif

}  // namespace

std::size_t close_in(pid_t child, const std::string& what) {
#ifdef __x86_64__
  const std::vector<int> wanted = descriptors_of(child, what);
  if (::ptrace(PTRACE_ATTACH, child, nullptr, nullptr) != 0) return 0;
  ::waitpid(child, nullptr, 0);
  user_regs_struct standing{};
  std::size_t closed = 0;
  if (::ptrace(PTRACE_GETREGS, child, nullptr, &standing) == 0 && stands_behind_a_syscall(child, standing)) {
    for (const int fd : wanted) closed += close_one(child, standing, fd) ? 1U : 0U;
    ::ptrace(PTRACE_SETREGS, child, nullptr, &standing);
  }
  ::ptrace(PTRACE_DETACH, child, nullptr, nullptr);
  return closed;
#else
  static_cast<void>(child);
  static_cast<void>(what);
  return 0;
#endif
}

}  // namespace uncork::cli::testing
