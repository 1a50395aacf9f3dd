#include "tests/probe/privilege.hpp"

#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <thread>

#include "core/syscall.hpp"

namespace uncork::probe::testing {
namespace {

bool become_nobody() {
  constexpr uid_t kNobody = 65534;
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
      ::setresuid(kNobody, kNobody, kNobody) != 0) {
    return false;
  }
  // Whoever gives up rights is hidden from himself in /proc until he says otherwise; a user who never had any is not.
  return ::prctl(PR_SET_DUMPABLE, 1) == 0;
}

std::string bring_up_loopback() {
  const core::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0) return {};
  return core::system_error("bring up lo", errno).message;
}

std::string make_namespace(const std::string& path) {
  if (::unshare(CLONE_NEWNET) != 0) return core::system_error("make a network namespace", errno).message;
  if (std::string trouble = bring_up_loopback(); !trouble.empty()) return trouble;
  if (const auto file = core::open_file(path, O_RDONLY | O_CREAT | O_EXCL, 0444); !file) return file.error().message;
  if (::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) == 0) return {};
  return core::system_error("mount " + path, errno).message;
}

}  // namespace

bool must_not_skip() {
  const char* required = std::getenv("UNCORK_REQUIRE");
  return required != nullptr && std::string_view(required) == "all";
}

bool is_root() { return ::geteuid() == 0; }

std::string as_nobody(const std::function<std::string()>& body) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return "no pipe";
  core::Fd reads(pipe[0]);
  core::Fd writes(pipe[1]);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return "no child";
  if (child == 0) {
    const std::string said = is_root() && !become_nobody() ? "cannot give up root" : body();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const std::string outcome = said.empty() && ::getppid() == parent ? "ok" : said;
    (void)!::write(writes.get(), outcome.data(), outcome.size());
    ::_exit(0);
  }
  writes.reset();
  std::string outcome;
  std::array<char, 1024> chunk{};
  for (ssize_t got = 0; (got = ::read(reads.get(), chunk.data(), chunk.size())) > 0;) {
    outcome.append(chunk.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (outcome == "ok" && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return outcome.empty() ? "the child ended with status " + std::to_string(status) : outcome;
}

TemporaryNamespace::TemporaryNamespace(std::string directory)
    : directory_(std::move(directory)), name_("uncork-test-" + std::to_string(::getpid())) {
  std::error_code failed;
  made_directory_ = std::filesystem::create_directories(directory_, failed);
  std::thread([this] { trouble_ = make_namespace(directory_ + "/" + name_); }).join();
}

TemporaryNamespace::~TemporaryNamespace() {
  const std::string path = directory_ + "/" + name_;
  ::umount2(path.c_str(), MNT_DETACH);
  ::unlink(path.c_str());
  if (made_directory_) ::rmdir(directory_.c_str());
}

}  // namespace uncork::probe::testing
