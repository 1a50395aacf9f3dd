// uncork check: suites over a round trip of their own. Their output and exit codes come through, and what stalls there fails.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using ::testing::AllOf;
using testing::During;
using ::testing::EndsWith;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_program;
using ::testing::StartsWith;
using namespace std::chrono_literals;

/// A server that answers each request in two writes (`split`), in two with TCP_NODELAY (`nodelay`) or in one (`merged`), and a
/// client that waits for each answer: both in one process, as in many a suite.
constexpr const char* kSuite = R"(
import socket, sys, threading
kind = sys.argv[1]
server = socket.create_server(("127.0.0.1", 0))
def serve():
    connection, _ = server.accept()
    if kind == "nodelay": connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while connection.recv(100):
        if kind == "merged": connection.sendall(b"h" * 60 + b"b" * 40)
        else: connection.sendall(b"h" * 60); connection.sendall(b"b" * 40)
threading.Thread(target=serve, daemon=True).start()
client = socket.create_connection(server.getsockname())
for _ in range(20):
    client.sendall(b"ask")
    got = 0
    while got < 100: got += len(client.recv(100))
print("20 answers")
sys.exit(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
)";

/// One connection that eight threads share, each waiting for its own answer: it writes while others' requests are under way.
constexpr const char* kShared = R"(
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
def serve():
    connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    waiting = 0
    while got := connection.recv(65536):
        waiting += len(got)
        while waiting >= 40: waiting -= 40; connection.sendall(b"+OK\r\n")
threading.Thread(target=serve, daemon=True).start()
client, lock, line = socket.create_connection(server.getsockname()), threading.Lock(), []
def read():
    left = 0
    while got := client.recv(65536):
        left += len(got)
        while left >= 5: left -= 5; line.pop(0).release()
threading.Thread(target=read, daemon=True).start()
def work():
    for _ in range(60):
        mine = threading.Semaphore(0)
        with lock: line.append(mine); client.sendall(b"*" * 40)
        mine.acquire()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
)";

/// Runs a script as a suite, as root.
class Check : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness");
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) UNCORK_SKIP_TEST("needs /dev/net/tun");
  }
  std::string script(const char* text) {
    const std::string path = folder_.path() + "/suite.py";
    std::ofstream(path) << text;
    return path;
  }
  Finished check(const char* text, std::vector<std::string> options, const std::vector<std::string>& arguments = {}) {
    options.insert(options.begin(), "check");
    options.insert(options.end(), {"--", "python3", script(text)});
    options.insert(options.end(), arguments.begin(), arguments.end());
    return run_program(options);
  }
  std::string file(const std::string& name) {
    std::ifstream in(folder_.path() + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  cure::testing::ScratchDirectory folder_;
};

TEST_F(Check, two_writes_an_answer_fail_with_and_without_a_round_trip) {
  for (const char* round_trip : {"1ms", "0ms"}) {
    const Finished split = check(kSuite, {"--rtt", round_trip}, {"split"});
    EXPECT_EQ(split.exit, 1) << round_trip << split.err;
    EXPECT_EQ(split.out, "20 answers\n");
    EXPECT_THAT(split.err, AllOf(HasSubstr("server python3, port"), HasSubstr("(nagle_delayed_ack,"),
                                 HasSubstr("set TCP_NODELAY"), Not(HasSubstr("client python3"))));
    for (const char* cured : {"nodelay", "merged"}) {
      const Finished passed = check(kSuite, {"--rtt", round_trip}, {cured});
      EXPECT_EQ(passed.exit, 0) << round_trip << cured << passed.err;
      EXPECT_THAT(passed.err, HasSubstr("2 services over"));
    }
  }
}

TEST_F(Check, a_connection_that_many_share_fails_with_a_round_trip_only) {
  const Finished far = check(kShared, {"--rtt", "1ms"});
  EXPECT_EQ(far.exit, 1) << far.err;
  EXPECT_THAT(far.err, AllOf(HasSubstr("client python3, port"), HasSubstr("nagle_round_trip")));
  const Finished near = check(kShared, {"--rtt", "0ms"});
  EXPECT_EQ(near.exit, 0) << near.err;
}

TEST_F(Check, the_commands_own_failure_wins) {
  const Finished failed = check(kSuite, {}, {"split", "7"});
  EXPECT_EQ(failed.exit, 7);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("nagle_delayed_ack"), HasSubstr("exit code 7")));
  EXPECT_EQ(run_program({"check", "--", "no-such-program"}).exit, 127);
  EXPECT_EQ(run_program({"check", "--", "/etc/passwd"}).exit, 126);
  EXPECT_EQ(run_program({"check", "--", "sh", "-c", "kill -9 $$"}).exit, 128 + SIGKILL);
}

TEST_F(Check, the_command_gets_its_words_as_they_are) {
  const Finished words =
      run_program({"check", "--rtt", "0ms", "--", "printf", "<%s>", "[a,b]", "", "--", "--json", "watch", "a b"});
  EXPECT_EQ(words.out, "<[a,b]><><--><--json><watch><a b>");
  EXPECT_EQ(words.exit, 0);
}

TEST_F(Check, the_junit_file_has_a_case_for_each_service_and_is_well_formed) {
  const std::string path = folder_.path() + "/stalls.xml";
  EXPECT_EQ(check(kSuite, {"--junit", path}, {"split"}).exit, 1);
  const std::string read =
      "python3 -c \"import sys, xml.etree.ElementTree as e; r = e.parse(sys.argv[1]).getroot(); c = r.findall('.//testcase'); "
      "print(r.tag, r.get('tests'), r.get('failures'), len(c), len(r.findall('.//failure')), "
      "'remedy' in r.find('.//failure').text)\" ";
  std::FILE* pipe = ::popen((read + path).c_str(), "r");
  std::string said;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) said += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_EQ(said, "testsuites 2 1 2 1 True\n");
  EXPECT_EQ(run_program({"check", "--junit", "/no/such/folder/x.xml", "--", "true"}).exit, 3);
}

TEST_F(Check, json_has_a_line_for_each_service_and_a_summary) {
  const Finished json = check(kSuite, {"--json"}, {"split"});
  EXPECT_EQ(json.out, "20 answers\n");
  EXPECT_THAT(json.err, AllOf(StartsWith("{"), HasSubstr("\"failed\":true"), HasSubstr("\"role\":\"server\""),
                              HasSubstr("\"type\":\"summary\""), HasSubstr("\"round_trip_ms\":1.0"), EndsWith("}\n")));
}

TEST_F(Check, what_the_command_leaves_is_ended_and_a_signal_leaves_nothing) {
  const std::string daemon = "setsid sh -c \"trap '' TERM; echo begun; sleep 50; sleep 51; sleep 52\" & ";
  const auto survivors = [] { return std::system("pgrep -f 'sleep 5[0-2]; sleep' > /dev/null"); };
  const Finished left = run_program({"check", "--", "sh", "-c", daemon + "sleep 0.3"});
  EXPECT_EQ(left.exit, 0) << left.err;
  EXPECT_THAT(left.err, HasSubstr("ended what the command had left running: "));
  EXPECT_NE(survivors(), 0);
  // In Python, since a shell takes SIGINT for itself while it starts something.
  const std::string suite = "import subprocess, sys, time; subprocess.Popen(['sh', '-c', sys.argv[1]]); time.sleep(50)";
  for (const int signal : {SIGTERM, SIGINT}) {
    const Finished stopped = run_program({"check", "--", "/usr/bin/python3", "-c", suite, daemon}, {.signal = signal});
    EXPECT_EQ(stopped.exit, 128 + signal) << stopped.err;
    EXPECT_NE(survivors(), 0);
  }
}

TEST_F(Check, one_that_uses_ipv6_is_told_that_it_has_no_round_trip) {
  const Finished six = check(R"(
import socket, threading
server = socket.create_server(("::1", 0), family=socket.AF_INET6)
client = socket.create_connection(server.getsockname()[:2])
inside, _ = server.accept()
for _ in range(5): client.sendall(b"ask"); inside.recv(10); inside.sendall(b"answer"); client.recv(10)
)",
                             {});
  EXPECT_EQ(six.exit, 0) << six.err;
  EXPECT_THAT(six.err, HasSubstr("1 connection to ::1 had no round trip"));
}

TEST(CheckWithoutRights, refuses_or_samples_and_says_so) {
  const Finished nobody = run_program({"check", "--", "true"}, {.user = ::geteuid() == 0 ? 65'534U : 0U});
  if (nobody.exit == 0) {
    EXPECT_THAT(nobody.err, HasSubstr("sampled, not witnessed"));
  } else {
    EXPECT_EQ(nobody.exit, 3);
    EXPECT_THAT(nobody.err, HasSubstr("needs"));
  }
}

}  // namespace
}  // namespace uncork::cli
