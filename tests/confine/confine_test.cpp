// What a confined process and a confined thread cannot do any more. Each in a process of its own, since it is for good.

#include "confine/confine.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "core/syscall.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::confine {
namespace {

/// The exit code of a child that runs `task`.
int in_a_child(const std::function<int()>& task) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(task());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool can_write(const std::string& path) { return core::open_file(path, O_WRONLY | O_CREAT | O_CLOEXEC).has_value(); }

bool has_landlock() { return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1; }

std::uint64_t effective_capabilities(const std::string& of) {
  std::ifstream status("/proc/" + of + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("CapEff:")) return std::stoull(line.substr(7), nullptr, 16);
  }
  return ~std::uint64_t{0};
}

TEST(ConfineProcess, executes_nothing_and_mounts_nothing) {
  EXPECT_EQ(in_a_child([] {
              if (!confine_process()) return 1;
              char name[] = "true";
              char* const arguments[] = {name, nullptr};
              if (::execv("/bin/true", arguments) != -1 || errno != EPERM) return 2;
              if (::mount("none", "/tmp", "tmpfs", 0, nullptr) != -1 || errno != EPERM) return 3;
              return ::unshare(CLONE_NEWNS) == -1 && errno == EPERM ? 0 : 4;
            }),
            0);
}

TEST(ConfineProcess, is_for_threads_that_run_already_too) {
  EXPECT_EQ(in_a_child([] {
              int went = -1;
              std::thread other;
              int pipe[2];
              if (::pipe2(pipe, O_CLOEXEC) != 0) return 1;
              other = std::thread([&] {
                char go = 0;
                if (::read(pipe[0], &go, 1) != 1) return;
                went = ::unshare(CLONE_NEWNS) == -1 && errno == EPERM ? 0 : 2;
              });
              const bool confined = confine_process().has_value();
              if (::write(pipe[1], "x", 1) != 1) return 3;
              other.join();
              return confined ? went : 4;
            }),
            0);
}

TEST(ConfineProcess, threads_and_files_and_sockets_go_on) {
  const cure::testing::ScratchDirectory folder;
  EXPECT_EQ(in_a_child([&] {
              if (!confine_process()) return 1;
              bool wrote = false;
              std::thread([&] { wrote = can_write(folder.path() + "/file"); }).join();
              const core::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
              return wrote && socket ? 0 : 2;
            }),
            0);
}

TEST(ConfineProcess, keeps_few_capabilities) {
  if (::geteuid() != 0) UNCORK_SKIP_TEST("without root there are none");
  EXPECT_EQ(in_a_child([] {
              if (!confine_process()) return 1;
              const std::uint64_t left = effective_capabilities("self");
              constexpr std::uint64_t kSysModule = 1ULL << 16U, kSysBoot = 1ULL << 22U, kSetuid = 1ULL << 7U,
                                      kNetRaw = 1ULL << 13U;
              constexpr std::uint64_t kSysAdmin = 1ULL << 21U;
              if ((left & (kSysModule | kSysBoot | kSetuid | kNetRaw)) != 0) return 2;
              return (left & kSysAdmin) != 0 ? 0 : 3;
            }),
            0);
}

TEST(ConfineThread, writes_below_its_folders_alone) {
  if (!has_landlock()) UNCORK_SKIP_TEST("this kernel has no Landlock");
  const cure::testing::ScratchDirectory allowed;
  const cure::testing::ScratchDirectory other;
  EXPECT_EQ(in_a_child([&] {
              int found = 0;
              std::thread([&] {
                if (!confine_thread({allowed.path(), "/is/not/there"})) found = 1;
                if (!can_write(allowed.path() + "/file")) found = 2;
                if (can_write(other.path() + "/file")) found = 3;
                if (!core::open_file("/etc/passwd", O_RDONLY | O_CLOEXEC)) found = 4;
              }).join();
              if (!can_write(other.path() + "/file")) return 5;  // the others go on as before
              return found;
            }),
            0);
}

TEST(ConfineThread, has_one_capability_and_leaves_those_of_the_others) {
  if (::geteuid() != 0) UNCORK_SKIP_TEST("without root there are none");
  EXPECT_EQ(in_a_child([] {
              std::uint64_t left = 0;
              std::thread([&] {
                if (confine_thread({})) left = effective_capabilities("thread-self");
              }).join();
              constexpr std::uint64_t kDacOverride = 1ULL << 1U;
              if (left != kDacOverride) return 1;
              return effective_capabilities("self") != left ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace uncork::confine
