// `uncork watch` of services, as a user runs it: short connections, many workers, another pid namespace.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/syscall.hpp"
#include "tests/cli/program.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::run_program;
using Json = nlohmann::json;

#define UNCORK_NEEDS_ROOT() \
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness")

std::vector<Json> verdicts_of(const std::string& ndjson) {
  std::vector<Json> verdicts;
  std::istringstream stream(ndjson);
  for (std::string line; std::getline(stream, line);) {
    Json json = Json::parse(line);
    if (json.at("type") == "verdict") verdicts.push_back(std::move(json));
  }
  return verdicts;
}

Json summary_of(const std::string& ndjson) {
  const std::size_t last = ndjson.rfind('\n', ndjson.size() - 2);
  return Json::parse(ndjson.substr(last == std::string::npos ? 0 : last + 1));
}

/// tests/cli/sick_service.py on pipes.
class SickService {
 public:
  SickService(int workers, int connections, int exchanges) {
    std::array<int, 2> in{}, out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      const std::string script = std::string(UNCORK_SOURCE) + "/tests/cli/sick_service.py";
      ::execlp("python3", "python3", script.c_str(), std::to_string(workers).c_str(), std::to_string(connections).c_str(),
               std::to_string(exchanges).c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_.reset(::fdopen(in[1], "w"));
    from_.reset(::fdopen(out[0], "r"));
    std::istringstream line(read());
    line >> port_;
    for (int pid = 0; line >> pid;) workers_.insert(pid);
  }
  ~SickService() {
    to_.reset();
    ::waitpid(child_, nullptr, 0);
  }
  SickService(const SickService&) = delete;
  SickService& operator=(const SickService&) = delete;

  [[nodiscard]] std::string port() const { return port_; }
  [[nodiscard]] const std::set<int>& workers() const { return workers_; }
  void go() {
    std::fputs("\n", to_.get());
    std::fflush(to_.get());
  }
  void wait_until_done() { EXPECT_EQ(read(), "done\n"); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  std::string read() {
    std::array<char, 256> line{};
    return std::fgets(line.data(), line.size(), from_.get()) == nullptr ? "" : line.data();
  }

  pid_t child_ = -1;
  std::unique_ptr<std::FILE, Close> to_, from_;
  std::string port_;
  std::set<int> workers_;
};

/// What /proc knows of a child: in a rest, its ticks of processor time so far.
std::optional<std::uint64_t> ticks_of_resting(const std::string& pid) {
  const auto stat = core::read_file("/proc/" + pid + "/stat");
  if (!stat) return std::nullopt;
  std::istringstream behind_name(stat->substr(stat->rfind(')') + 1));
  std::vector<std::string> fields{std::istream_iterator<std::string>(behind_name), {}};
  constexpr std::size_t kUserTicks = 11, kSystemTicks = 12;  // proc_pid_stat(5), from the state on
  if (fields.size() <= kSystemTicks || fields[0] != "S") return std::nullopt;
  return std::stoull(fields[kUserTicks]) + std::stoull(fields[kSystemTicks]);
}

bool holds_bpf_links(const std::string& pid) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + pid + "/fd", failed)) {
    if (std::filesystem::read_symlink(entry.path(), failed).string().find("bpf_link") != std::string::npos) return true;
  }
  return false;
}

/// Until a child of ours holds BPF links and has had nothing to do for a quarter of a second: it has attached, and watches.
void wait_until_watching() {
  std::map<std::string, std::uint64_t> ticks;
  int rests = 0;
  for (int samples = 0; samples < 600 && rests < 5; ++samples) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::map<std::string, std::uint64_t> now;
    std::error_code failed;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", failed)) {
      std::istringstream children(core::read_file(task.path().string() + "/children").value_or(""));
      for (std::string pid; children >> pid;) {
        const auto resting = holds_bpf_links(pid) ? ticks_of_resting(pid) : std::nullopt;
        if (resting) now[pid] = *resting;
      }
    }
    rests = !now.empty() && now == ticks ? rests + 1 : 0;
    ticks = std::move(now);
  }
  EXPECT_EQ(rests, 5) << "it has not attached in half a minute";
}

/// What `watch` says of all that the service does; `more`: further arguments.
Finished watch_all(SickService& service, std::vector<std::string> more) {
  std::vector<std::string> arguments = {"watch", "--port", service.port(), "--for", "6s"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  auto watching = std::async(std::launch::async, [&] { return run_program(arguments); });
  wait_until_watching();
  service.go();
  service.wait_until_done();
  return watching.get();
}

TEST(WatchServices, short_connections_of_many_workers_are_one_line_with_the_right_sums) {
  UNCORK_NEEDS_ROOT();
  constexpr int kConnections = 60;
  SickService service(3, kConnections, 2);
  const Finished finished = watch_all(service, {"--json"});
  EXPECT_EQ(finished.exit, 1) << finished.err;
  const auto verdicts = verdicts_of(finished.out);
  ASSERT_EQ(verdicts.size(), 1U) << finished.out;
  const Json& verdict = verdicts[0];
  EXPECT_EQ(verdict.at("role"), "server");
  EXPECT_EQ(verdict.at("port"), std::stoi(service.port()));
  EXPECT_EQ(verdict.at("connections"), kConnections);
  EXPECT_EQ(verdict.at("losers"), kConnections);
  EXPECT_EQ(verdict.at("exchanges"), 2 * kConnections);
  EXPECT_EQ(verdict.at("writes"), 6 * kConnections);
  EXPECT_EQ(verdict.at("cause"), "nagle_delayed_ack");
  EXPECT_NEAR(verdict.at("lost_ms").get<double>() / kConnections, 44, 12);
  EXPECT_NEAR(verdict.at("p99_ms").get<double>(), 44, 20);
  EXPECT_EQ(verdict.at("concentrated"), "in the second exchange of a connection");
  EXPECT_EQ(verdict.at("short_lived"), true);
  std::set<int> workers;
  for (const Json& worker : verdict.at("workers")) workers.insert(worker.at("pid").get<int>());
  EXPECT_EQ(workers, service.workers());
  const std::string command = verdict.at("command");
  EXPECT_THAT(command, HasSubstr("--port " + service.port() + " --watch"));
  for (const int worker : service.workers()) EXPECT_THAT(command, HasSubstr(std::to_string(worker)));
  EXPECT_EQ(summary_of(finished.out).at("connections"), kConnections);
  EXPECT_EQ(summary_of(finished.out).at("services"), 2);
  EXPECT_EQ(summary_of(finished.out).at("losing"), 1);
}

TEST(WatchServices, a_pipe_gets_one_verdict_and_one_command) {
  UNCORK_NEEDS_ROOT();
  SickService service(1, 40, 2);
  const Finished finished = watch_all(service, {});
  EXPECT_EQ(finished.exit, 1);
  const std::size_t first = finished.out.find("uncork cure");
  ASSERT_NE(first, std::string::npos) << finished.out;
  EXPECT_EQ(finished.out.find("uncork cure", first + 1), std::string::npos) << finished.out;
  EXPECT_THAT(finished.out, HasSubstr("2 services with 40 connections; 1 lost time that matters"));
}

TEST(WatchServices, once_prints_one_table_and_ends) {
  UNCORK_NEEDS_ROOT();
  SickService service(1, 40, 2);
  const Finished finished = watch_all(service, {"--once"});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, HasSubstr("LOST/S"));
  EXPECT_THAT(finished.out, HasSubstr("server :" + service.port()));
  EXPECT_THAT(finished.out, HasSubstr("client :" + service.port()));
  EXPECT_EQ(finished.out.find("remedy "), std::string::npos);
}

TEST(WatchServices, other_groups_have_a_line_each) {
  UNCORK_NEEDS_ROOT();
  for (const std::string by : {"process", "peer", "container", "cgroup"}) {
    SickService service(2, 24, 3);
    const Finished finished = watch_all(service, {"--json", "--by", by});
    EXPECT_EQ(finished.exit, 1) << by;
    const auto verdicts = verdicts_of(finished.out);
    ASSERT_FALSE(verdicts.empty()) << by;
    EXPECT_EQ(summary_of(finished.out).at("by"), by);
    const std::string called = verdicts[0].at("comm");
    if (by == "peer") {
      EXPECT_EQ(called, "127.0.0.1");
    } else if (by == "process") {
      EXPECT_THAT(called, HasSubstr("python3["));
    }
  }
}

/// The same in a pid namespace of its own, where the kernel's pids are nobody's.
TEST(WatchServices, the_command_works_in_the_pid_namespace_in_which_it_was_printed) {
  UNCORK_NEEDS_ROOT();
  const std::string folder = std::string(UNCORK_SOURCE) + "/tests/cli/";
  const std::string command = "unshare --pid --fork --mount-proc python3 " + folder + "cure_as_told.py " + UNCORK_PROGRAM + " " +
                              folder + "sick_service.py 2";
  std::FILE* const pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): of fixed words
  ASSERT_NE(pipe, nullptr);
  std::string out;
  std::array<char, 4096> chunk{};
  while (std::fgets(chunk.data(), chunk.size(), pipe) != nullptr) out += chunk.data();
  ASSERT_EQ(::pclose(pipe), 0) << out;
  const Json told = Json::parse(out);
  for (const Json& worker : told.at("workers")) {
    EXPECT_LT(std::stoi(worker.get<std::string>()), 100) << "a young namespace has small numbers";
    EXPECT_THAT(told.at("command").get<std::string>(), HasSubstr(worker.get<std::string>()));
  }
  EXPECT_EQ(told.at("exit"), 0) << told.dump(2);
  EXPECT_THAT(told.at("out").get<std::string>(), HasSubstr("TCP_NODELAY set on"));
  EXPECT_GT(told.at("before").get<double>(), 0.8);
  EXPECT_LT(told.at("after").get<double>(), told.at("before").get<double>()) << "--watch cures each new connection too";
}

}  // namespace
}  // namespace uncork::cli
