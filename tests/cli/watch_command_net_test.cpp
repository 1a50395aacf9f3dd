// `uncork watch -- COMMAND`, as a user runs it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/program.hpp"
#include "tests/cli/sick_service.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_program;
using testing::summary_of;
using testing::verdicts_of;

#define UNCORK_NEEDS_ROOT() \
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness")

/// A server that answers each request in three writes, in a child, and a client that asks it three times on one connection.
constexpr const char* kSick = R"(
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    accepted, _ = listener.accept()
    while accepted.recv(64):
        for part in (b"x" * 32, b"y" * 32, b"z" * 8):
            accepted.sendall(part)
    os._exit(0)
client = socket.create_connection(listener.getsockname())
for _ in range(3):
    client.sendall(b"q" * 20)
    have = 0
    while have < 72:
        have += len(client.recv(72 - have))
client.close()
os.wait()
print("done", listener.getsockname()[1])
sys.exit(int(sys.argv[1]))
)";

Finished watch(std::vector<std::string> options, const std::vector<std::string>& command, const testing::During& during = {}) {
  options.insert(options.begin(), "watch");
  options.emplace_back("--");
  options.insert(options.end(), command.begin(), command.end());
  return run_program(options, during);
}

TEST(WatchCommand, sees_every_exchange_from_the_first_and_passes_output_and_exit_code_on) {
  UNCORK_NEEDS_ROOT();
  for (int run = 0; run < 3; ++run) {  // nothing of it hangs on which is faster
    const Finished finished = watch({"--json", "--all"}, {"python3", "-c", kSick, "7"});
    EXPECT_EQ(finished.exit, 7) << finished.err;
    EXPECT_THAT(finished.out, ::testing::StartsWith("done "));
    EXPECT_THAT(finished.out, Not(HasSubstr("verdict"))) << "standard output is the command's";
    const auto verdicts = verdicts_of(finished.err);
    ASSERT_EQ(verdicts.size(), 2U) << finished.err;
    for (const auto& verdict : verdicts) {
      EXPECT_EQ(verdict.at("exchanges"), 3);
      EXPECT_EQ(verdict.at("by_place").at(0).at("place"), "first");
      EXPECT_EQ(verdict.at("by_place").at(0).at("exchanges"), 1) << "the first one was seen as that";
    }
    const std::string server = verdicts[0].at("role");
    EXPECT_EQ(server, "server") << "it lost most";
    EXPECT_EQ(verdicts[0].at("writes"), 9);
    EXPECT_EQ(verdicts[0].at("cause"), "nagle_delayed_ack");
    const auto summary = summary_of(finished.err);
    EXPECT_EQ(summary.at("command_exit"), 7);
    EXPECT_EQ(summary.at("command").at(0), "python3");
    EXPECT_EQ(summary.at("connections"), 1);
    EXPECT_EQ(summary.at("losing"), 1);
  }
}

TEST(WatchCommand, says_verdicts_to_people_on_standard_error_and_takes_a_filter) {
  UNCORK_NEEDS_ROOT();
  const Finished finished = watch({"--side", "server"}, {"python3", "-c", kSick, "0"});
  EXPECT_EQ(finished.exit, 0) << "the exit code is the command's, whatever was lost";
  EXPECT_THAT(finished.err, HasSubstr("what      Nagle held bytes"));
  EXPECT_THAT(finished.err, HasSubstr("1 service with 1 connection; 1 lost time that matters"));
  EXPECT_THAT(finished.err, HasSubstr("asked by python3"));
  const Finished none = watch({"--comm", "ngins"}, {"python3", "-c", kSick, "0"});
  EXPECT_THAT(none.err, HasSubstr("--comm ngins matched none of 2 services: python3"));
}

TEST(WatchCommand, of_nobody_else) {
  UNCORK_NEEDS_ROOT();
  testing::SickService other(1, 40, 2);
  const Finished finished = testing::watch_service(other, {"watch", "--json", "--", "sleep", "4"});
  EXPECT_EQ(finished.exit, 0);
  EXPECT_EQ(summary_of(finished.err).at("services"), 0);
}

TEST(WatchCommand, exit_codes_are_those_of_a_shell) {
  UNCORK_NEEDS_ROOT();
  const Finished missing = watch({}, {"no-such-program-here"});
  EXPECT_EQ(missing.exit, 127);
  EXPECT_THAT(missing.err, HasSubstr("no such program in PATH"));
  EXPECT_EQ(watch({}, {"/etc/passwd"}).exit, 126);
  EXPECT_EQ(watch({}, {"sh", "-c", "kill -9 $$"}).exit, 128 + SIGKILL);
  const Finished told =
      watch({}, {"sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done"}, {.signal = SIGTERM});
  EXPECT_EQ(told.exit, 9) << "signals pass through";
}

TEST(WatchCommand, watches_what_it_has_left_running_until_that_has_ended) {
  UNCORK_NEEDS_ROOT();
  const std::string leave = "sleep 0.3 > /dev/null 2>&1; exec python3 -c \"$0\" 0 > /dev/null";
  const Finished finished = watch({"--json"}, {"sh", "-c", "(" + leave + ") & exit 3", kSick});
  EXPECT_EQ(finished.exit, 3);
  EXPECT_THAT(finished.err, HasSubstr("the processes that it left running are watched until they end"));
  EXPECT_THAT(finished.err, HasSubstr("nagle_delayed_ack"));
}

TEST(WatchCommand, without_the_witness_it_is_not_run) {
  UNCORK_NEEDS_ROOT();
  const Finished finished = watch({}, {"echo", "hello"}, {.user = 65534});
  EXPECT_EQ(finished.exit, 3);
  EXPECT_THAT(finished.out, ::testing::IsEmpty());
  EXPECT_THAT(finished.err, HasSubstr("to watch a command needs the kernel's witness"));
}

TEST(WatchCommand, refuses_what_does_not_fit_a_command) {
  EXPECT_THAT(watch({"--pid", "1"}, {"true"}).err, HasSubstr("--pid: not with a command"));
  EXPECT_THAT(watch({"--for", "1s"}, {"true"}).err, HasSubstr("whose end ends the watch"));
  EXPECT_EQ(watch({"--once"}, {"true"}).exit, 2);
}

}  // namespace
}  // namespace uncork::cli
