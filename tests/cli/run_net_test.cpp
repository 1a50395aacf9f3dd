// uncork run: commands that are cured from the first byte, by BPF, by merging, and what is said where one of them cannot be.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using ::testing::AllOf;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::run_program;

/// A server and its client in one process: twenty answers in two writes. Prints the segments of an answer, rounded, whether
/// fewer than half of them took 30 ms, as a stall does, and whether TCP_NODELAY was on at both ends before the first byte.
constexpr const char* kServer = R"(
import socket, struct, sys, threading, time
def nodelay(s): return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
def segments(s): return struct.unpack_from("<I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), 152)[0]
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
inside, _ = server.accept()
on = nodelay(client), nodelay(inside)
if "off" in sys.argv: inside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
def serve():
    while inside.recv(100): inside.sendall(b"h" * 60); inside.send(b"b" * 40)
threading.Thread(target=serve, daemon=True).start()
times, before = [], segments(client)
for _ in range(20):
    begun = time.monotonic()
    client.sendall(b"ask")
    got = 0
    while got < 100: got += len(client.recv(100))
    times.append(time.monotonic() - begun)
print(round((segments(client) - before) / 20), sum(took > 0.03 for took in times) < 10, on)
)";

/// What merging must never do: lose, double or reorder a byte. Eight threads write pieces of random sizes by every call that
/// writes, wait now and then in every way that is waited, and fork; whoever reads them checks each byte.
constexpr const char* kStress = R"(
import os, random, select, socket, sys, threading, time
BYTES = 300_000
def stream(seed):
    return random.Random(seed).randbytes(BYTES)
def write(s, seed):
    draw, data, at = random.Random(-seed), memoryview(stream(seed)), 0
    while at < BYTES:
        size = draw.choice((1, 7, 100, 1448, 5000, 40000))
        how = draw.randrange(4)
        if how == 0: at += s.send(data[at:at + size])
        elif how == 1: at += os.write(s.fileno(), data[at:at + size])
        elif how == 2: at += os.writev(s.fileno(), [data[at:at + size // 2], data[at + size // 2:at + size]])
        else: at += s.sendmsg([data[at:at + size]])
        wait = draw.randrange(60)
        if wait == 0: time.sleep(0.0005)
        elif wait == 1: select.select([], [s], [])
        elif wait == 2 and seed == 1:
            pid = os.fork()
            if pid == 0: os._exit(0)
            os.waitpid(pid, 0)
    s.shutdown(socket.SHUT_WR)
def read(s, seed, wrong):
    got = bytearray()
    while more := s.recv(65536): got += more
    if bytes(got) != stream(seed): wrong.append((seed, len(got)))
server, wrong, threads = socket.create_server(("127.0.0.1", 0)), [], []
for seed in range(1, 9):
    client = socket.create_connection(server.getsockname())
    inside, _ = server.accept()
    if seed % 2: client.setblocking(True)
    threads += [threading.Thread(target=write, args=(client, seed)), threading.Thread(target=read, args=(inside, seed, wrong))]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("wrong:", wrong)
# A write that is kept back must leave although its thread only computes: the watchdog sees to it, else the kernel after 200 ms.
client = socket.create_connection(server.getsockname())
inside, _ = server.accept()
inside.setblocking(False)
def waited():
    begun = time.monotonic()
    client.send(b"now")
    while time.monotonic() - begun < 0.15: sum(range(1000))
    try: return len(inside.recv(10)) != 3
    except BlockingIOError: time.sleep(0.3); inside.recv(10); return True
late = sum(waited() for _ in range(10))
print("left in time:", late < 5)
# An error of the connection comes with a write, as always.
inside.close(); time.sleep(0.05)
try:
    for _ in range(50): client.send(b"more"); time.sleep(0.01)
    print("no error")
except OSError as error: print(type(error).__name__)
)";

class Run : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for BPF");
  }
  std::string script(const char* text) {
    const std::string path = folder_.path() + "/server.py";
    std::ofstream(path) << text;
    return path;
  }
  Finished run(const char* text, std::vector<std::string> options = {}, const std::vector<std::string>& arguments = {}) {
    options.insert(options.begin(), "run");
    options.insert(options.end(), {"--", "python3", script(text)});
    options.insert(options.end(), arguments.begin(), arguments.end());
    return run_program(options);
  }
  cure::testing::ScratchDirectory folder_;
};

TEST_F(Run, every_connection_has_the_option_before_its_first_byte) {
  const Finished cured = run(kServer);
  EXPECT_EQ(cured.exit, 0);
  EXPECT_EQ(cured.out, "2 True (1, 1)\n");
  EXPECT_EQ(cured.err, "uncork run: TCP_NODELAY was on from the first byte at 2 connection ends\n");
}

TEST_F(Run, the_option_stays_on_when_the_program_turns_it_off_which_is_counted) {
  const Finished kept = run(kServer, {}, {"off"});
  EXPECT_EQ(kept.out, "2 True (1, 1)\n");
  EXPECT_THAT(kept.err, HasSubstr("the program turned it off 1 time, and it was kept on"));
}

TEST_F(Run, merged_writes_leave_in_one_segment) {
  const Finished merged = run(kServer, {"--merge"});
  EXPECT_EQ(merged.out, "1 True (1, 1)\n") << merged.err;
}

TEST_F(Run, merging_loses_and_reorders_nothing) {
  const Finished stressed = run(kStress, {"--merge"});
  EXPECT_EQ(stressed.exit, 0) << stressed.err;
  EXPECT_THAT(stressed.out, AllOf(HasSubstr("wrong: []\n"), HasSubstr("left in time: True\n"), Not(HasSubstr("no error")),
                                  HasSubstr("Error\n")));
}

TEST_F(Run, output_exit_codes_and_signals_pass_through) {
  EXPECT_EQ(run_program({"run", "--", "sh", "-c", "exit 5"}).exit, 5);
  EXPECT_EQ(run_program({"run", "--", "no-such-program"}).exit, 127);
  EXPECT_EQ(run_program({"run", "--", "/etc/passwd"}).exit, 126);
  const Finished stopped = run_program({"run", "--", "sh", "-c", "echo begun; exec sleep 50"}, {.signal = SIGTERM});
  EXPECT_EQ(stopped.exit, 128 + SIGTERM);
  EXPECT_EQ(stopped.out, "begun\n");
}

TEST_F(Run, what_the_command_leaves_is_waited_for) {
  const Finished left = run_program({"run", "--", "sh", "-c", "(sleep 0.5; echo later) & exit 3"});
  EXPECT_EQ(left.exit, 3);
  EXPECT_EQ(left.out, "later\n");
  EXPECT_THAT(left.err, HasSubstr("the processes that it left running stay cured until they end"));
  const Finished quiet = run_program({"run", "--json", "--", "sh", "-c", "sleep 0.5 & exit 3"});
  EXPECT_EQ(quiet.exit, 3);
  EXPECT_EQ(quiet.err.find('{'), 0U) << quiet.err;
}

TEST_F(Run, leaves_no_control_group_behind) {
  const Finished inside = run_program({"run", "--", "grep", "^0::", "/proc/self/cgroup"});
  ASSERT_THAT(inside.out, HasSubstr("/uncork-run-")) << inside.err;
  const std::string path = inside.out.substr(3, inside.out.find('\n') - 3);
  std::ifstream mounts("/proc/mounts");
  std::string where;
  for (std::string device, point, type, rest; mounts >> device >> point >> type && std::getline(mounts, rest);) {
    if (type == "cgroup2") where = point;
  }
  if (where.empty()) UNCORK_SKIP_TEST("cgroup v2 is not mounted here");
  EXPECT_FALSE(std::filesystem::exists(where + path));
}

TEST_F(Run, json_is_one_object_and_nothing_else) {
  const Finished json = run(kServer, {"--json", "--merge"}, {"off"});
  EXPECT_THAT(json.err, AllOf(HasSubstr("\"type\":\"summary\""), HasSubstr("\"connections\":2"), HasSubstr("\"kept_on\":1"),
                              HasSubstr("\"merge\":true"), HasSubstr("\"command_exit\":0")));
  EXPECT_EQ(json.err.find('\n'), json.err.size() - 1);
}

TEST_F(Run, says_why_it_does_not_merge_and_cures_all_the_same) {
  const std::string program = folder_.path() + "/static.c";
  std::ofstream(program) << "int main(void) { return 4; }\n";
  if (std::system(("gcc -static -o " + folder_.path() + "/static " + program + " 2> /dev/null").c_str()) != 0) {
    UNCORK_SKIP_TEST("no gcc, or no static C library");
  }
  const Finished merged = run_program({"run", "--merge", "--", folder_.path() + "/static"});
  EXPECT_EQ(merged.exit, 4);
  EXPECT_THAT(merged.err,
              AllOf(HasSubstr("writes are not merged"), HasSubstr("it is linked statically"), HasSubstr("TCP_NODELAY")));
}

TEST(RunWithoutRights, refuses_and_says_what_is_missing_or_merges_alone) {
  const testing::During nobody{.user = ::geteuid() == 0 ? 65'534U : 0U};
  const Finished refused = run_program({"run", "--", "true"}, nobody);
  EXPECT_EQ(refused.exit, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("CAP_SYS_ADMIN"), HasSubstr("--merge can cure")));
  EXPECT_THAT(refused.out, IsEmpty());
  const Finished merged = run_program({"run", "--merge", "--", "/usr/bin/python3", "-c", kServer, "off"}, nobody);
  EXPECT_EQ(merged.exit, 0);
  EXPECT_EQ(merged.out, "1 True (0, 0)\n") << merged.err;
  EXPECT_THAT(merged.err, HasSubstr("only by merging writes"));
}

}  // namespace
}  // namespace uncork::cli
