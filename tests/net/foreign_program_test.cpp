// Servers that nobody here wrote, from Debian packages, under `uncork watch --json`: the verdict must name them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "core/syscall.hpp"
#include "tests/cli/program.hpp"
#include "tests/net/conversation.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::net_test {
namespace {

using Json = nlohmann::json;

constexpr int kAnswerLines = 5;

// socketserver's wfile is unbuffered: each write is one send(2).
constexpr const char* kPythonServer = R"(
import socketserver
class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        for request in self.rfile:
            for number in range(5):
                self.wfile.write(b"line %d\n" % number)
server = socketserver.TCPServer(("127.0.0.1", 0), Lines)
print(server.server_address[1], flush=True)
server.serve_forever()
)";

constexpr const char* kTclServer = R"(
proc serve {channel address port} {
  fconfigure $channel -buffering line -translation lf
  fileevent $channel readable [list answer $channel]
}
proc answer {channel} {
  if {[gets $channel request] < 0} { close $channel; return }
  for {set number 0} {$number < 5} {incr number} { puts $channel "line $number" }
}
set server [socket -server serve -myaddr 127.0.0.1 0]
puts [lindex [fconfigure $server -sockname] 2]
flush stdout
vwait forever
)";

/// An interpreter running a script that prints the port it listens on; ended with this object.
class Server {
 public:
  Server(const std::vector<std::string>& command, const std::string& script) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    std::vector<std::string> copies = command;
    std::vector<char*> argv;
    for (std::string& word : copies) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    core::Fd script_end(in[1]);
    output_ = core::Fd(out[0]);  // open as long as the server lives: what it says after its port finds a reader
    EXPECT_EQ(::write(script_end.get(), script.data(), script.size()), static_cast<ssize_t>(script.size()));
    script_end.reset();  // an interpreter reads its script to the end before it runs it
    port_ = static_cast<std::uint16_t>(std::atoi(read_line().c_str()));
  }
  ~Server() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  /// Without its line feed, which an unbuffered interpreter writes by itself, later than the rest; what there is if it ends
  /// before.
  std::string read_line() {
    std::string line;
    for (std::array<std::byte, 1> byte{}; must(core::read_some(output_, byte)).count == 1;) {
      if (byte[0] == std::byte{'\n'}) break;
      line.push_back(static_cast<char>(byte[0]));
    }
    return line;
  }

  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  core::Fd output_;
};

void ask_until(const std::stop_token& stop, std::uint16_t port) {
  core::Endpoint at = *core::parse_endpoint("127.0.0.1:1");
  at.port = port;
  const core::Fd socket = must(core::tcp_connect(at));
  while (!stop.stop_requested()) {
    must(core::send_all(socket, std::as_bytes(std::span("list\n", 5))));
    hear(socket, kAnswerLines * 7);
  }
}

void expect_blamed(const Server& server, const std::string& command) {
  ASSERT_NE(server.port(), 0) << command << " did not start";
  std::vector<Json> verdicts;
  {
    const std::jthread client([&](const std::stop_token& stop) { ask_until(stop, server.port()); });
    const auto watched = cli::testing::run_program(
        {"watch", "--by", "connection", "--json", "--for", "2s", "--port", std::to_string(server.port())});
    EXPECT_EQ(watched.exit, 1) << watched.err;
    std::istringstream lines(watched.out);
    for (std::string line; std::getline(lines, line);) {
      const Json json = Json::parse(line);
      if (json.at("type") == "verdict") verdicts.push_back(json);
    }
  }
  ASSERT_EQ(verdicts.size(), 1U) << "the client's end must not be charged";
  const Json& verdict = verdicts.front();
  EXPECT_EQ(verdict.at("pid"), server.pid());
  EXPECT_EQ(verdict.at("comm"), command);
  EXPECT_EQ(verdict.at("local"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(verdict.at("cause"), "nagle_delayed_ack");
  EXPECT_EQ(verdict.at("confidence"), "witnessed");
  EXPECT_GE(verdict.at("lost_share").get<double>(), 0.9) << verdict.dump(2);
  EXPECT_GE(verdict.at("budget_ms").at("nagle_delayed_ack").get<double>(), 0.9 * verdict.at("lost_ms").get<double>());
  EXPECT_GT(verdict.at("holds"), 20) << "2 s hold some 45 of them";
  EXPECT_NEAR(verdict.at("writes_per_exchange").get<double>(), kAnswerLines, 0.5);
  EXPECT_NEAR(verdict.at("bytes_per_write").get<double>(), 7, 0.1);
  EXPECT_THAT(verdict.at("remedy").get<std::string>(), testing::HasSubstr("merge the writes"));
}

TEST(ForeignProgram, a_python_socketserver_that_writes_line_by_line_is_named) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness");
  expect_blamed(Server({"python3", "-"}, kPythonServer), "python3");
}

TEST(ForeignProgram, a_tcl_server_that_writes_line_by_line_is_named) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness");
  expect_blamed(Server({"tclsh"}, kTclServer), "tclsh");
}

}  // namespace
}  // namespace uncork::net_test
