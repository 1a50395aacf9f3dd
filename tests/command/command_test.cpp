// A command runs as under a shell: its exit code, its signals, its environment; and what it leaves behind is ended.

#include "command/command.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "core/syscall.hpp"

namespace uncork::command {
namespace {

using namespace std::chrono_literals;

core::Time soon() { return core::MonotonicClock::now() + 20s; }

CommandOptions shell(const std::string& script) { return {.words = {"sh", "-c", script}}; }

/// Its exit code; -1: it did not end in 20 s.
int run(const CommandOptions& options) {
  Command command;
  if (const auto started = command.start(options); !started) return exit_code_of(started.error());
  return command.wait_until(soon()).value_or(-1);
}

TEST(Command, passes_the_exit_code_through) {
  EXPECT_EQ(run(shell("exit 0")), 0);
  EXPECT_EQ(run(shell("exit 42")), 42);
  EXPECT_EQ(run(shell("kill -KILL $$")), 128 + SIGKILL);
}

TEST(Command, says_as_a_shell_does_that_it_could_not_begin) {
  EXPECT_EQ(run({.words = {"no-such-program"}}), 127);
  EXPECT_EQ(run({.words = {"/no/such/program"}}), 127);
  EXPECT_EQ(run({.words = {"/etc/passwd"}}), 126);
}

TEST(Command, has_our_environment_with_what_is_added) {
  ::setenv("UNCORK_TEST_KEPT", "kept", 1);
  ::setenv("UNCORK_TEST_CHANGED", "old", 1);
  auto options = shell("test \"$UNCORK_TEST_KEPT $UNCORK_TEST_CHANGED\" = 'kept new'");
  options.variables = {"UNCORK_TEST_CHANGED=new"};
  EXPECT_EQ(run(options), 0);
}

TEST(Command, has_no_signal_blocked_and_dies_of_a_broken_pipe) {
  EXPECT_EQ(run(shell("grep -q 'SigBlk:.0000000000000000' /proc/self/status")), 0);
  EXPECT_EQ(run(shell("trap - PIPE; kill -PIPE $$")), 128 + SIGPIPE);
}

TEST(Command, gets_the_signals_that_are_sent_to_us) {
  const std::string ready = ::testing::TempDir() + "uncork_command_ready";
  ::unlink(ready.c_str());
  Command command;
  ASSERT_TRUE(command.start(shell("trap 'exit 5' TERM; : > " + ready + "; while :; do sleep 0.01; done")));
  for (const core::Time end = soon(); ::access(ready.c_str(), F_OK) != 0 && core::MonotonicClock::now() < end;) ::usleep(5000);
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(command.wait_until(soon()), 5);
  ::unlink(ready.c_str());
}

TEST(Command, is_waited_for_no_longer_than_is_asked) {
  Command command;
  ASSERT_TRUE(command.start(shell("sleep 60")));
  const core::Time begun = core::MonotonicClock::now();
  EXPECT_FALSE(command.wait_until(begun + 50ms));
  EXPECT_LT(core::MonotonicClock::now() - begun, 10s);
}

TEST(Command, leaves_nothing_behind) {
  Command command;
  // A daemon of the old kind, which ignores what it is asked, and one that is stopped; each in a session of its own.
  ASSERT_TRUE(
      command.start(shell("setsid sh -c \"trap '' TERM; sleep 60; sleep 60\" & setsid sh -c 'kill -STOP $$' & "
                          "sleep 0.3; exit 3")));
  EXPECT_EQ(command.wait_until(soon()), 3);
  EXPECT_GE(command.end_leftovers(), 2U);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(command.end_leftovers(), 0U);
}

TEST(Command, dies_with_us) {
  const std::string path = ::testing::TempDir() + "uncork_command_pid";
  const pid_t runner = ::fork();
  if (runner == 0) {
    Command command;
    if (!command.start(shell("echo $$ > " + path + ".new; mv " + path + ".new " + path + "; exec sleep 60"))) ::_exit(1);
    ::_exit(command.wait_until(soon()) ? 2 : 3);
  }
  pid_t inner = 0;
  for (const core::Time end = soon(); inner == 0 && core::MonotonicClock::now() < end; ::usleep(5000))
    std::ifstream(path) >> inner;
  ASSERT_GT(inner, 0);
  ::kill(runner, SIGKILL);
  ::waitpid(runner, nullptr, 0);
  const auto runs = [&] {
    const auto stat = core::read_file("/proc/" + std::to_string(inner) + "/stat");
    return stat && stat->find(") Z ") == std::string::npos;  // whoever is init here may not reap
  };
  for (const core::Time end = soon(); runs() && core::MonotonicClock::now() < end;) ::usleep(5000);
  EXPECT_FALSE(runs());
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace uncork::command
