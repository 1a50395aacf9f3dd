// The services where standard error cannot be written: they serve on.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/syscall.hpp"
#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::StartsWith;
using Arguments = std::vector<std::string>;

constexpr auto kPatience = 20s;

/// A service with standard output in a file, and standard error as `spoil` makes it.
class Service {
 public:
  Service(Arguments arguments, const std::function<void()>& spoil) {
    arguments.insert(arguments.begin(), "uncork");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string out = out_file();
    std::ofstream(out).flush();
    child_ = ::fork();
    if (child_ != 0) return;
    ::dup2(::open(out.c_str(), O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    spoil();
    ::execv(UNCORK_PROGRAM, argv.data());
    ::_exit(127);
  }
  ~Service() {
    if (child_ > 0) ::kill(child_, SIGKILL), ::waitpid(child_, nullptr, 0);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// The port for commands, once it listens.
  core::Endpoint commands() const {
    const core::Time until = core::MonotonicClock::now() + kPatience;
    while (core::MonotonicClock::now() < until) {
      std::stringstream text;
      text << std::ifstream(out_file()).rdbuf();
      const std::string said = text.str();
      if (said.ends_with("\n")) return *core::parse_endpoint(said.substr(13, said.find(',') - 13));
      std::this_thread::sleep_for(10ms);
    }
    ADD_FAILURE() << "it does not listen";
    return {};
  }
  int end() {
    ::kill(child_, SIGTERM);
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  [[nodiscard]] std::string out_file() const { return directory_.path() + "/out"; }

  cure::testing::ScratchDirectory directory_;
  pid_t child_ = -1;
};

/// What comes first; empty: the connection was closed.
std::string first_of(const core::Fd& socket) {
  std::array<std::byte, 256> chunk{};
  if (!core::wait_readable(socket, core::MonotonicClock::now() + kPatience).value_or(false)) return "nothing";
  const auto got = core::read_some(socket, chunk);
  return got ? std::string(reinterpret_cast<const char*>(chunk.data()), got->count) : "";
}

const std::vector<std::pair<const char*, std::function<void()>>>& ways_to_spoil() {
  static const std::vector<std::pair<const char*, std::function<void()>>> kWays = {
      {"a full disk", [] { ::dup2(::open("/dev/full", O_WRONLY | O_CLOEXEC), STDERR_FILENO); }},
      {"closed", [] { ::close(STDERR_FILENO); }},
      {"a reader that has died",
       [] {
         std::array<int, 2> ends{};
         if (::pipe2(ends.data(), O_CLOEXEC) == 0) ::dup2(ends[1], STDERR_FILENO);
       }},
      {"a reader that does not read",
       [] {
         std::array<int, 2> ends{};
         if (::pipe2(ends.data(), O_NONBLOCK) != 0) return;
         const std::array<char, 4096> filling{};
         while (::write(ends[1], filling.data(), filling.size()) > 0) continue;
         ::fcntl(ends[1], F_SETFL, 0);
         ::dup2(ends[1], STDERR_FILENO);  // and the reading end stays open, in the program itself
       }},
  };
  return kWays;
}

TEST(ZinoServe, serves_on_where_its_log_cannot_be_written) {
  for (const auto& [name, spoil] : ways_to_spoil()) {
    const cure::testing::ScratchDirectory files;
    ASSERT_EQ(testing::run_program({"zino", "fixture", "--events", "1", "--out", files.path()}).exit, 0);
    Service service({"zino", "serve", "--state", files.path() + "/zino-state.json", "--secrets", files.path() + "/secrets",
                     "--port", "0", "--notify-port", "0", "--max-connections", "1"},
                    spoil);
    const core::Endpoint at = service.commands();
    const auto first = core::tcp_connect(at);
    ASSERT_TRUE(first) << name;
    EXPECT_THAT(first_of(*first), StartsWith("200 ")) << name;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(first_of(*core::tcp_connect(at)), "") << name << ": turned away, which is logged";
    const std::string question = "VERSION\r\n";
    ASSERT_TRUE(core::send_all(*first, std::as_bytes(std::span(question))));
    EXPECT_THAT(first_of(*first), StartsWith("200 zino version")) << name;
    EXPECT_EQ(service.end(), 0) << name;
  }
}

TEST(ZinoFront, serves_on_where_its_log_cannot_be_written) {
  for (const auto& [name, spoil] : ways_to_spoil()) {
    Service service({"zino", "front", "--connect", "127.0.0.1:1", "--port", "0", "--notify-port", "0"}, spoil);
    const core::Endpoint at = service.commands();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(first_of(*core::tcp_connect(at)), "") << name << ": no server, which is logged";
    EXPECT_EQ(service.end(), 0) << name;
  }
}

}  // namespace
}  // namespace uncork::cli
