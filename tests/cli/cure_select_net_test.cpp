// `uncork cure` of processes that are meant by name, port or group, as a user runs it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/cli/program.hpp"
#include "tests/cli/script.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using ::testing::AllOf;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using testing::run_program;
using testing::Script;
using Json = nlohmann::json;

constexpr int kOk = 0, kNotPossible = 3;

class CureOfMany : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("XDG_RUNTIME_DIR", scratch_.path().c_str(), 1);
    const auto words = service_.read_words();
    ASSERT_EQ(words.size(), 5U);
    port_ = words[0];
    server_ = words[1];
    client_ = words[2];
    workers_ = {words[3], words[4]};
  }
  void TearDown() override { ::unsetenv("XDG_RUNTIME_DIR"); }

  /// Pids of the lines of a type, each of them once.
  static std::set<std::string> pids(const Finished& finished, const std::string& type) {
    std::set<std::string> pids;
    for (const Json& line : lines(finished)) {
      if (line.at("type") == type) pids.insert(std::to_string(line.at("pid").get<int>()));
    }
    return pids;
  }
  static std::vector<Json> lines(const Finished& finished) {
    std::vector<Json> lines;
    std::istringstream text(finished.out.substr(0, finished.out.rfind('\n') + 1));  // it may be writing the next
    for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  static int sum(const Finished& finished, const char* of) {
    int sum = 0;
    for (const Json& line : lines(finished)) sum += line.at("type") == "summary" ? line.at(of).get<int>() : 0;
    return sum;
  }
  static std::size_t count(const Finished& finished, const char* type) {
    const auto all = lines(finished);
    return static_cast<std::size_t>(std::ranges::count_if(all, [&](const Json& line) { return line.at("type") == type; }));
  }
  /// Sockets that have been cured so far.
  static std::size_t cured(const Finished& finished) {
    const auto all = lines(finished);
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [](const Json& line) { return line.value("changed", Json()) == true; }));
  }
  [[nodiscard]] std::set<std::string> served_by() const { return {server_, workers_[0], workers_[1]}; }

  cure::testing::ScratchDirectory scratch_;
  std::string name_ = "u" + std::to_string(::getpid());
  Script service_{"prefork_service.py", {name_, "2"}};
  std::string port_, server_, client_;
  std::vector<std::string> workers_;
};

TEST_F(CureOfMany, port_means_those_who_serve_it_and_says_so) {
  const Finished cured = run_program({"cure", "--port", port_, "--json"});
  EXPECT_EQ(cured.exit, kOk) << cured.err;
  EXPECT_EQ(pids(cured, "process"), served_by());
  EXPECT_EQ(sum(cured, "changed"), 2);
  EXPECT_THAT(cured.err, AllOf(HasSubstr("left alone, at the other end"), HasSubstr(client_ + " (" + name_ + "-c)")));
  for (const Json& line : lines(cured)) {
    if (line.at("type") != "process") continue;
    EXPECT_EQ(line.at("why"), "listens on port " + port_);
  }
  const Finished text = run_program({"cure", "--port", port_});
  EXPECT_THAT(text.out, AllOf(HasSubstr("process " + workers_[0] + " (" + name_ + "): listens on port " + port_),
                              HasSubstr("3 of 3 processes: TCP_NODELAY set on 0 of")));
  EXPECT_EQ(sum(run_program({"cure", "--port", port_, "--undo", "--json"}), "undone"), 2);
  EXPECT_EQ(sum(run_program({"cure", "--port", port_, "--undo", "--json"}), "undone"), 0);
}

TEST_F(CureOfMany, name_means_all_that_bear_it_and_port_narrows_it) {
  EXPECT_EQ(sum(run_program({"cure", "--comm", name_, "--port", "1", "--json"}), "changed"), 0);
  const Finished cured = run_program({"cure", "--comm", name_, "--json"});
  EXPECT_EQ(cured.exit, kOk) << cured.err;
  EXPECT_EQ(pids(cured, "process"), served_by());
  EXPECT_EQ(sum(cured, "changed"), 2);
  const Finished client = run_program({"cure", "--comm", name_ + "-c", "--json"});
  EXPECT_EQ(pids(client, "process"), std::set<std::string>{client_});
  EXPECT_EQ(sum(client, "changed"), 2);
  EXPECT_EQ(sum(run_program({"cure", "--comm", name_, "--undo", "--json"}), "undone"), 2);
}

TEST_F(CureOfMany, tree_means_a_process_and_what_it_has_started) {
  const Finished cured = run_program({"cure", "--pid", server_, "--tree", "--json"});
  EXPECT_EQ(cured.exit, kOk) << cured.err;
  std::set<std::string> all = served_by();
  all.insert(client_);
  EXPECT_EQ(pids(cured, "process"), all);
  EXPECT_EQ(sum(cured, "changed"), 4);
}

TEST_F(CureOfMany, one_that_is_gone_does_not_keep_the_others_from_it) {
  const Finished cured = run_program({"cure", "--pid", "4194304," + workers_[0], "--json"});
  EXPECT_EQ(cured.exit, kNotPossible);
  EXPECT_THAT(cured.err, HasSubstr("4194304: no such process"));
  EXPECT_EQ(sum(cured, "changed"), 1);
}

TEST_F(CureOfMany, another_user_is_refused_each_process_and_told_why) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root to run as another user");
  constexpr unsigned kNobody = 65534;
  ::unsetenv("XDG_RUNTIME_DIR");
  const Finished refused = run_program({"cure", "--comm", name_}, {.user = kNobody});
  EXPECT_EQ(refused.exit, kNotPossible);
  for (const std::string& pid : served_by()) EXPECT_THAT(refused.err, HasSubstr("process " + pid + ": "));
  const Finished unseen = run_program({"cure", "--port", port_}, {.user = kNobody});
  EXPECT_EQ(unseen.exit, kNotPossible);
  EXPECT_THAT(unseen.err, HasSubstr("of other users could not be looked into"));
}

TEST_F(CureOfMany, nobody_meant_is_an_error_that_says_what_there_was) {
  const Finished name = run_program({"cure", "--comm", name_ + "x"});
  EXPECT_EQ(name.exit, kNotPossible);
  EXPECT_THAT(name.err, HasSubstr("did you mean '" + name_));
  const Finished port = run_program({"cure", "--port", "1"});
  EXPECT_EQ(port.exit, kNotPossible);
  EXPECT_THAT(port.err, AllOf(HasSubstr("no process that can be seen"), HasSubstr("ports listened on: ")));
  const Finished group = run_program({"cure", "--cgroup", "/no/such/group", "--undo"});
  EXPECT_EQ(group.exit, kNotPossible);
  EXPECT_THAT(group.err, HasSubstr("--cgroup /no/such/group: no process is in it"));
  const Finished container = run_program({"cure", "--container", "no-such-container"});
  EXPECT_EQ(container.exit, kNotPossible);
  EXPECT_THAT(container.err, HasSubstr("--container no-such-container: no process is in it"));
}

TEST_F(CureOfMany, two_ways_of_meaning_them_are_refused) {
  EXPECT_THAT(run_program({"cure", "--comm", name_, "--pid", server_}).err, HasSubstr("give one of --pid, --comm"));
  EXPECT_EQ(run_program({"cure"}).exit, 2);
  EXPECT_EQ(run_program({"cure", "--comm", ""}).exit, 2);
  EXPECT_EQ(run_program({"cure", "--tree"}).exit, 2);
}

/// A control group of a test's own, of version 2; empty path: this machine lets us make none.
class OwnGroup {
 public:
  explicit OwnGroup(const std::string& name) {
    for (const char* root : {"/sys/fs/cgroup/unified/", "/sys/fs/cgroup/"}) {
      if (!std::filesystem::exists(std::string(root) + "cgroup.procs")) continue;
      std::error_code failed;
      if (std::filesystem::create_directory(root + name, failed)) path_ = root + name;
      break;
    }
  }
  ~OwnGroup() {
    std::error_code failed;
    for (int tries = 0; !path_.empty() && tries < 100 && !std::filesystem::remove(path_, failed); ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  OwnGroup(const OwnGroup&) = delete;
  OwnGroup& operator=(const OwnGroup&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool take(const std::string& pid) const {
    std::ofstream procs(path_ + "/cgroup.procs");
    procs << pid << std::flush;
    return procs.good();
  }

 private:
  std::string path_;
};

TEST_F(CureOfMany, cgroup_and_container_mean_those_inside) {
  const std::string id = std::string(52, 'a') + std::to_string(100000000000 + ::getpid());
  const OwnGroup group("docker-" + id + ".scope");
  if (group.path().empty()) UNCORK_SKIP_TEST("no control group can be made here");
  ASSERT_TRUE(group.take(workers_[0]));
  const std::set<std::string> inside = {workers_[0]};
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--cgroup", group.path()}, {"--cgroup", "/docker-" + id + ".scope"}, {"--container", id}}) {
    const Finished cured = run_program({"cure", words[0], words[1], "--json"});
    EXPECT_EQ(cured.exit, kOk) << cured.err;
    EXPECT_EQ(pids(cured, "process"), inside) << words[1];
  }
  EXPECT_EQ(sum(run_program({"cure", "--container", id.substr(0, 60), "--undo", "--json"}), "undone"), 1);
  service_.kill();
}

TEST_F(CureOfMany, watch_takes_in_workers_that_begin_later) {
  std::string later;
  const auto is_done = [&](const Finished& so_far) {
    if (later.empty() && cured(so_far) == 2) {
      service_.say("fork");
      later = service_.read();
    }
    return cured(so_far) == 3;
  };
  const Finished watched =
      run_program({"cure", "--port", port_, "--watch", "--json"}, {.signal = SIGINT, .signal_once = is_done});
  EXPECT_EQ(watched.exit, kOk) << watched.err;
  EXPECT_THAT(pids(watched, "process"), IsSupersetOf({workers_[0], workers_[1], later}));
  EXPECT_EQ(pids(watched, "process").count(client_), 0U);
  EXPECT_EQ(sum(watched, "changed"), 3);
}

TEST_F(CureOfMany, watch_waits_for_a_name_that_nobody_bears_yet) {
  std::optional<Script> later;
  const auto is_done = [&](const Finished& so_far) {
    if (!later && so_far.err.contains("waiting for one"))
      later.emplace("prefork_service.py", std::vector{name_ + "-later", std::string("1")});
    return cured(so_far) == 1;
  };
  const Finished watched =
      run_program({"cure", "--comm", name_ + "-later", "--watch", "--json"}, {.signal = SIGINT, .signal_once = is_done});
  EXPECT_EQ(watched.exit, kOk) << watched.err;
  EXPECT_EQ(sum(watched, "changed"), 1) << watched.out;
}

TEST_F(CureOfMany, watch_sets_again_what_the_program_clears_and_says_so_once_a_socket) {
  constexpr int kTimes = 3;
  int cleared = 0;
  const auto is_done = [&](const Finished&) {
    const Finished on = run_program({"sockets", "--filter", "nodelay and sport = :" + port_, "--format", "jsonl"});
    if (std::ranges::count(on.out, '\n') != 2) return false;
    if (cleared == kTimes) return true;
    ++cleared;
    service_.say("clear");
    EXPECT_EQ(service_.read(), "done");
    return false;
  };
  const Finished watched =
      run_program({"cure", "--port", port_, "--watch", "--json"}, {.signal = SIGINT, .signal_once = is_done});
  EXPECT_EQ(watched.exit, kOk) << watched.err;
  EXPECT_EQ(count(watched, "set_again"), 2U) << watched.out;
  EXPECT_EQ(sum(watched, "set_again"), 2 * kTimes) << watched.out;
  EXPECT_EQ(sum(run_program({"cure", "--port", port_, "--undo", "--json"}), "undone"), 2);
}

}  // namespace
}  // namespace uncork::cli
