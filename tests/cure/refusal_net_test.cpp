// What the kernel really refuses, and how that reads.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "cure/watcher.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/cure/target_process.hpp"

namespace uncork::cure {
namespace {

using ::testing::AllOf;
using testing::connect_pair;
using testing::Connection;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TargetProcess;

/// What a cure in a child of ours, prepared by `prepare`, ends with: the code's number and the message.
std::string cure_in_child(pid_t target, const std::function<bool()>& prepare) {
  return testing::in_child([&](int out) {
    std::string said = "not prepared";
    if (prepare()) {
      const auto report = cure_process(target, {});
      said = report ? "cured" : std::to_string(static_cast<int>(report.error().code)) + " " + report.error().message;
    }
    static_cast<void>(::write(out, said.data(), said.size()));
  });
}

std::string coded(core::ErrorCode code) { return std::to_string(static_cast<int>(code)) + " "; }

TEST(Refusal, of_a_process_that_is_not) {
  auto target = TargetProcess::holding({});
  const pid_t pid = target.pid();
  target.end();
  const auto report = cure_process(pid, {});
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, core::ErrorCode::not_found);
  EXPECT_THAT(report.error().message, HasSubstr("process " + std::to_string(pid) + ": no such process"));
}

TEST(Refusal, of_a_thread_names_its_process) {
  std::mutex mutex;
  std::condition_variable changed;
  pid_t thread_id = 0;
  bool end = false;
  std::thread thread([&] {
    std::unique_lock lock(mutex);
    thread_id = static_cast<pid_t>(::syscall(SYS_gettid));
    changed.notify_all();
    changed.wait(lock, [&] { return end; });
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return thread_id != 0; });
  const auto report = cure_process(thread_id, {});
  end = true;
  changed.notify_all();
  lock.unlock();
  thread.join();
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, core::ErrorCode::invalid_argument);
  EXPECT_THAT(report.error().message, HasSubstr("--pid " + std::to_string(::getpid())));
}

TEST(Refusal, of_another_user_names_the_missing_right) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const Connection connection = connect_pair();
  const auto target = TargetProcess::holding({connection.server.get()});
  const std::string said =
      cure_in_child(target.pid(), [] { return ::setresgid(65534, 65534, 65534) == 0 && ::setresuid(65534, 65534, 65534) == 0; });
  EXPECT_THAT(said, AllOf(StartsWith(coded(core::ErrorCode::not_permitted)), HasSubstr("runs as uid 0 and uncork as uid 65534"),
                          HasSubstr("CAP_SYS_PTRACE")));
  EXPECT_FALSE(testing::nodelay(connection.server));
}

/// Makes `call` fail with `err` in this process from now on, as an old kernel or a container's seccomp profile would.
bool forbid(std::uint32_t call, std::uint32_t err) {
  std::array<sock_filter, 4> filter{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, call},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | err},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  const sock_fprog program{filter.size(), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(Refusal, of_a_kernel_without_the_calls_says_which_kernel_it_takes) {
  const Connection connection = connect_pair();
  const auto target = TargetProcess::holding({connection.server.get()});
  for (const auto call : {SYS_pidfd_getfd, SYS_pidfd_open}) {
    const std::string said = cure_in_child(target.pid(), [&] { return forbid(static_cast<std::uint32_t>(call), ENOSYS); });
    EXPECT_THAT(said, AllOf(StartsWith(coded(core::ErrorCode::not_supported)), HasSubstr("Linux 5.6")));
  }
}

TEST(Refusal, by_a_policy_is_a_missing_permission) {
  const Connection connection = connect_pair();
  const auto target = TargetProcess::holding({connection.server.get()});
  const std::string said = cure_in_child(target.pid(), [] { return forbid(SYS_pidfd_getfd, EPERM); });
  EXPECT_THAT(said,
              AllOf(StartsWith(coded(core::ErrorCode::not_permitted)), HasSubstr("not permitted to duplicate its sockets")));
  EXPECT_FALSE(testing::nodelay(connection.server));
}

TEST(Cure, of_a_socket_whose_option_cannot_be_set_reports_it_and_leaves_no_record) {
  const testing::ScratchDirectory scratch;
  const Connection connection = connect_pair();
  const auto target = TargetProcess::holding({connection.server.get()});
  const std::string said = testing::in_child([&](int out) {
    if (!forbid(SYS_setsockopt, EPERM)) return;
    const auto report = cure_process(target.pid(), {std::nullopt, scratch.states()});
    const std::string text = report && report->problems.size() == 1 ? report->problems[0].message : "no problem reported";
    static_cast<void>(::write(out, text.data(), text.size()));
  });
  EXPECT_THAT(said, AllOf(HasSubstr("fd " + std::to_string(connection.server.get())), HasSubstr("setsockopt")));
  EXPECT_FALSE(testing::nodelay(connection.server));
  EXPECT_TRUE(std::filesystem::is_empty(scratch.states()));
}

}  // namespace
}  // namespace uncork::cure
