// The verb as its user meets it: arguments, exit codes, the table, NDJSON, the watch.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "cli/verb.hpp"
#include "core/syscall.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/cure/target_process.hpp"

namespace uncork::cli {
namespace {

using cure::testing::connect_pair;
using cure::testing::Connection;
using cure::testing::TargetProcess;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

Exit execute(const std::vector<std::string>& arguments) {
  Program program("uncork", "test", "0");
  Action chosen;
  add_cure(program.top(), chosen);
  std::vector<const char*> words = {"uncork", "cure"};
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  const Parsed parsed = program.parse(static_cast<int>(words.size()), words.data());
  if (parsed.outcome == Parsed::Outcome::chosen) return chosen();
  std::fprintf(stderr, "%s\n", parsed.text.c_str());
  return Exit::usage;
}

struct Outcome {
  Exit exit = Exit::internal;
  std::string out;
  std::string err;
};

class CureVerb : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("XDG_RUNTIME_DIR", scratch_.path().c_str(), 1); }
  void TearDown() override { ::unsetenv("XDG_RUNTIME_DIR"); }

  static Outcome run(const std::vector<std::string>& arguments) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const Exit exit = execute(arguments);
    return {exit, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
  }

  static std::vector<Json> lines(const std::string& text) {
    std::vector<Json> parsed;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) parsed.push_back(Json::parse(line));
    return parsed;
  }

  cure::testing::ScratchDirectory scratch_;
  Connection connection_ = connect_pair();
  TargetProcess target_ = TargetProcess::holding({connection_.server.get()});
  std::string pid_ = std::to_string(target_.pid());
};

TEST_F(CureVerb, shows_each_socket_before_and_after_and_how_to_take_it_back) {
  const Outcome cured = run({"--pid", pid_});
  EXPECT_EQ(cured.exit, Exit::ok);
  EXPECT_THAT(cured.out, AllOf(HasSubstr("before  after"), HasSubstr("ESTABLISHED  off     on"),
                               HasSubstr("1 TCP socket seen, TCP_NODELAY set on 1"), HasSubstr("--undo")));
  EXPECT_TRUE(cure::testing::nodelay(connection_.server));
}

TEST_F(CureVerb, undoes_once_and_then_says_that_nothing_is_left) {
  run({"--pid", pid_});
  const Outcome undone = run({"--pid", pid_, "--undo"});
  EXPECT_EQ(undone.exit, Exit::ok);
  EXPECT_THAT(undone.out, AllOf(HasSubstr("on      off"), HasSubstr("taken back from 1 ")));
  EXPECT_FALSE(cure::testing::nodelay(connection_.server));
  const Outcome again = run({"--pid", pid_, "--undo"});
  EXPECT_EQ(again.exit, Exit::ok);
  EXPECT_THAT(again.out, HasSubstr("nothing left to undo"));
}

TEST_F(CureVerb, speaks_ndjson) {
  const auto cured = lines(run({"--pid", pid_, "--json"}).out);
  ASSERT_EQ(cured.size(), 2U);
  EXPECT_EQ(cured[0]["type"], "socket");
  EXPECT_EQ(cured[0]["pid"], target_.pid());
  EXPECT_EQ(cured[0]["fd"], connection_.server.get());
  EXPECT_EQ(cured[0]["local"], "127.0.0.1:" + std::to_string(connection_.server_port()));
  EXPECT_EQ(cured[0]["remote"], "127.0.0.1:" + std::to_string(connection_.client_port()));
  EXPECT_TRUE(cured[0]["cookie"].is_number_unsigned());
  EXPECT_EQ(cured[0]["nodelay_before"], false);
  EXPECT_EQ(cured[0]["nodelay_after"], true);
  EXPECT_EQ(cured[0]["changed"], true);
  EXPECT_EQ(cured[1],
            (Json{{"type", "summary"}, {"pid", target_.pid()}, {"seen", 1}, {"changed", 1}, {"undone", 0}, {"set_again", 0}}));
  const auto undone = lines(run({"--pid", pid_, "--undo", "--json"}).out);
  EXPECT_EQ(undone.at(1),
            (Json{{"type", "summary"}, {"pid", target_.pid()}, {"seen", 1}, {"changed", 0}, {"undone", 1}, {"set_again", 0}}));
}

TEST_F(CureVerb, hurries_acknowledgements_instead_and_keeps_the_two_apart) {
  const auto cured = lines(run({"--pid", pid_, "--quickack", "--json"}).out);
  EXPECT_EQ(cured.at(0)["quickack_before"], false);
  EXPECT_EQ(cured.at(0)["quickack_after"], true);
  EXPECT_FALSE(cure::testing::nodelay(connection_.server));
  EXPECT_THAT(run({"--pid", pid_}).out, HasSubstr("TCP_NODELAY set on 1"));
  EXPECT_THAT(run({"--pid", pid_, "--quickack", "--undo"}).out, HasSubstr("TCP_DELACK_MAX_US taken back from 1 "));
  EXPECT_TRUE(cure::testing::nodelay(connection_.server));
  EXPECT_THAT(run({"--pid", pid_, "--quickack"}).out, HasSubstr("--quickack --undo takes it back"));
  EXPECT_EQ(run({"--pid", pid_, "--quickack", "--trial", "10s"}).exit, Exit::usage);
}

TEST_F(CureVerb, says_when_there_is_no_socket) {
  const auto bare = TargetProcess::holding({});
  const Outcome none = run({"--pid", std::to_string(bare.pid())});
  EXPECT_EQ(none.exit, Exit::ok);
  EXPECT_THAT(none.out, HasSubstr("no TCP socket"));
  // A port below every ephemeral one, so that it is neither end's.
  const Outcome other_port = run({"--pid", pid_, "--port", "1"});
  EXPECT_EQ(other_port.exit, Exit::ok);
  EXPECT_THAT(other_port.out, HasSubstr("no TCP socket with port 1"));
}

TEST_F(CureVerb, refuses_bad_arguments_with_2) {
  for (const char* pid : {"0", "-1", "abc", "12x", "", "4194305", "99999999999"}) {
    const Outcome refused = run({"--pid", pid});
    EXPECT_EQ(refused.exit, Exit::usage) << pid;
    EXPECT_FALSE(refused.err.empty());
  }
  EXPECT_THAT(run({"--pid", "abc"}).err, HasSubstr("--pid 'abc': a process id is a number from 1 to 4194304"));
  EXPECT_EQ(run({}).exit, Exit::usage);
  EXPECT_EQ(run({"--pid", pid_, "--port", "0"}).exit, Exit::usage);
  EXPECT_EQ(run({"--pid", pid_, "--for", "10s"}).exit, Exit::usage) << "--for is for --watch";
  EXPECT_EQ(run({"--pid", pid_, "--watch", "--for", "10"}).exit, Exit::usage) << "no unit";
  EXPECT_EQ(run({"--pid", pid_, "--watch", "--undo"}).exit, Exit::usage);
  EXPECT_FALSE(cure::testing::nodelay(connection_.server));
}

TEST_F(CureVerb, of_a_process_that_is_not_ends_with_3) {
  target_.end();
  for (const std::vector<std::string>& extra : {std::vector<std::string>{}, {"--watch"}, {"--undo"}}) {
    std::vector<std::string> arguments = {"--pid", pid_};
    arguments.insert(arguments.end(), extra.begin(), extra.end());
    const Outcome refused = run(arguments);
    EXPECT_EQ(refused.exit, Exit::not_possible);
    EXPECT_THAT(refused.err, HasSubstr("no such process"));
  }
}

TEST_F(CureVerb, watches_for_as_long_as_it_was_told) {
  const Outcome watched = run({"--pid", pid_, "--watch", "--for", "60ms", "--json"});
  EXPECT_EQ(watched.exit, Exit::ok);
  EXPECT_EQ(lines(watched.out).back(),
            (Json{{"type", "summary"}, {"pid", target_.pid()}, {"seen", 1}, {"changed", 1}, {"undone", 0}, {"set_again", 0}}));
}

/// The verb in a process of its own, its standard output read line by line.
class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    child_ = ::fork();
    if (child_ < 0) std::abort();
    if (child_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::_exit(static_cast<int>(execute(arguments)));
    }
    ::close(ends[1]);
    reading_ = core::Fd(ends[0]);
  }
  ~Running() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// The next line; empty at the end, or when it does not come in time.
  std::string line() {
    const auto deadline = core::MonotonicClock::now() + std::chrono::duration_cast<core::Micros>(cure::testing::kPatience);
    std::string text;
    char c = 0;
    while (core::wait_readable(reading_, deadline).value_or(false) && ::read(reading_.get(), &c, 1) == 1 && c != '\n') text += c;
    return text;
  }
  void signal(int number) const { ::kill(child_, number); }
  int exit_code() {
    int status = 0;
    ::waitpid(std::exchange(child_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t child_ = -1;
  core::Fd reading_;
};

TEST_F(CureVerb, watches_until_a_signal_and_cures_what_is_accepted_meanwhile) {
  for (const int number : {SIGINT, SIGTERM}) {
    const core::Fd listener = cure::testing::listen_on("127.0.0.1:0");
    const auto server = TargetProcess::accepting(listener);
    Running watch({"--pid", std::to_string(server.pid()), "--watch", "--json"});
    EXPECT_EQ(Json::parse(watch.line())["remote"], "") << "the listener";
    const core::Fd client = core::tcp_connect(core::local_endpoint(listener).value()).value();
    const Json accepted = Json::parse(watch.line());
    EXPECT_EQ(accepted["remote"], core::to_string(core::local_endpoint(client).value()));
    EXPECT_EQ(accepted["nodelay_before"], false);
    EXPECT_EQ(accepted["nodelay_after"], true);
    watch.signal(number);
    EXPECT_EQ(Json::parse(watch.line()),
              (Json{{"type", "summary"}, {"pid", server.pid()}, {"seen", 2}, {"changed", 1}, {"undone", 0}, {"set_again", 0}}));
    EXPECT_EQ(watch.exit_code(), 0);
  }
}

TEST_F(CureVerb, ends_in_order_when_the_watched_process_does) {
  Running watch({"--pid", pid_, "--watch", "--json"});
  EXPECT_EQ(Json::parse(watch.line())["changed"], true);
  target_.end();
  EXPECT_EQ(Json::parse(watch.line())["type"], "summary");
  EXPECT_EQ(watch.exit_code(), 0);
}

}  // namespace
}  // namespace uncork::cli
