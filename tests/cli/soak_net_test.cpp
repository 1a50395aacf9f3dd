// uncork lab churn and uncork lab stress, as a user runs them, for a few seconds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "core/syscall.hpp"
#include "tests/cli/criteria.hpp"
#include "tests/cli/program.hpp"
#include "tests/core/sanitized.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::run_program;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

const Words kChurn = {"lab", "churn", "--namespaces", "8", "--sockets", "10", "--every", "50ms", "--poll", "200ms"};
const Words kStress = {"lab", "stress", "--namespaces", "4", "--sockets", "25", "--every", "50ms", "--poll", "200ms"};

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// Names of scenarios that are over: `uncork-PID-N` of a process that is no more.
std::vector<std::string> left_behind() {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", failed)) {
    const std::string name = entry.path().filename();
    int pid = 0;
    if (std::sscanf(name.c_str(), "uncork-%d-", &pid) == 1 && ::kill(pid, 0) != 0) names.push_back(name);
  }
  return names;
}

/// A sanitizer's memory grows with what was freed, and its programs are slow.
bool met_for_a_test(const Json& criterion) {
#ifdef UNCORK_SANITIZED
  for (const char* name : {"memory_growth", "poll_p99", "deleted", "looks", "threads"}) {
    if (criterion.at("name") == name) return true;
  }
#endif
  return testing::passed(criterion);
}

pid_t parent_of(const std::string& pid) {
  const auto stat = core::read_file("/proc/" + pid + "/stat");
  if (!stat) return -1;
  std::istringstream behind_name(stat->substr(stat->rfind(')') + 1));
  std::string state;
  pid_t parent = -1;
  behind_name >> state >> parent;
  return parent;
}

/// The watcher of a scenario that a child of ours runs; 0: there is none (yet).
pid_t find_watcher() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto command = core::read_file("/proc/" + pid + "/cmdline");
    if (!command || command->find(std::string("sockets\0--netns", 15)) == std::string::npos) continue;
    if (parent_of(std::to_string(parent_of(pid))) == ::getpid()) return std::stoi(pid);
  }
  return 0;
}

class LabSoak : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root to make network namespaces");
  }
  void TearDown() override { EXPECT_THAT(left_behind(), IsEmpty()); }
};

TEST_F(LabSoak, churn_sees_every_socket_under_its_name_while_namespaces_come_and_go) {
  const auto trial = testing::try_scenario(with(kChurn, {"--for", "3s", "--json"}), 3, met_for_a_test);
  EXPECT_EQ(trial.unmet, "");
  const Json& result = trial.last();
  EXPECT_EQ(result.at("scenario"), "churn");
  const Json& row = result.at("rows").at(0);
  EXPECT_EQ(row.at("lasting"), 2);
  EXPECT_GT(row.at("expected").get<int>(), 0);
  EXPECT_GT(row.at("deleted").get<int>(), 0);
  EXPECT_FALSE(result.at("published").empty());
}

/// While it stands still, names, inodes and numbers become others', and sockets come and go of which it hears nothing but what
/// the kernel keeps for it.
TEST_F(LabSoak, a_watcher_that_stands_still_now_and_then_names_nothing_wrong_and_misses_no_end) {
  auto running = std::async(std::launch::async, [] {
    return run_program(
        {"lab", "churn", "--namespaces", "30", "--sockets", "10", "--every", "20ms", "--poll", "200ms", "--for", "8s", "--json"});
  });
  std::minstd_rand random(1);
  std::uniform_int_distribution<int> still_ms(0, 1000);
  int stops = 0;
  while (running.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
    const pid_t watcher = find_watcher();
    if (watcher == 0 || ::kill(watcher, SIGSTOP) != 0) continue;
    ++stops;
    std::this_thread::sleep_for(std::chrono::milliseconds(still_ms(random)));
    (void)::kill(watcher, SIGCONT);
  }
  EXPECT_GE(stops, 3);
  const Finished finished = running.get();
  ASSERT_THAT(finished.out, HasSubstr("{")) << finished.err;
  const Json result = Json::parse(finished.out);
  EXPECT_GT(result.at("rows").at(0).at("deleted").get<int>(), 40);
  EXPECT_GT(result.at("rows").at(0).at("closed").get<int>(), 200);
  for (const Json& criterion : result.at("criteria")) {
    const std::set<std::string> judged = {"rows_wrong",        "names_wrong",        "addresses_wrong", "ghosts",
                                          "last_rows_missing", "last_rows_nameless", "last_rows_wrong"};
    if (judged.contains(criterion.at("name"))) {
      EXPECT_EQ(criterion.at("passed"), true) << criterion;
    }
  }
}

TEST_F(LabSoak, stress_rows_equal_sockets_at_every_look) {
  const auto trial = testing::try_scenario(with(kStress, {"--for", "3s", "--json"}), 3, met_for_a_test);
  EXPECT_EQ(trial.unmet, "");
  const Json& row = trial.last().at("rows").at(0);
  EXPECT_EQ(row.at("equal_looks"), row.at("looks"));
  EXPECT_GE(row.at("expected").get<int>(), 100);  // each look has nearly all of the hundred sockets
  EXPECT_GT(row.at("closed").get<int>(), 0);
}

TEST_F(LabSoak, a_watcher_that_is_killed_is_counted_and_started_again) {
  auto running = std::async(std::launch::async, [] { return run_program(with(kStress, {"--for", "3s", "--json"})); });
  pid_t watcher = 0;
  for (int tries = 0; tries < 2000 && watcher == 0; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    watcher = find_watcher();
  }
  ASSERT_NE(watcher, 0);
  ASSERT_EQ(::kill(watcher, SIGKILL), 0);
  const Finished finished = running.get();
  EXPECT_EQ(finished.exit, 1) << finished.err;
  const Json result = Json::parse(finished.out);
  ASSERT_EQ(result.at("rows").at(0).at("watcher_ends").size(), 1U) << result;
  EXPECT_EQ(result.at("rows").at(0).at("watcher_ends").at(0).at("how"), "signal 9 (Killed)");
  EXPECT_GT(result.at("rows").at(0).at("looks").get<int>(), 0);
}

TEST_F(LabSoak, a_signal_ends_it_and_nothing_is_left) {
  for (const auto& [words, signal] : {std::pair{kChurn, SIGINT}, std::pair{kStress, SIGTERM}}) {
    const Finished finished = run_program(words, {.signal = signal, .signal_after = core::Micros(1'500'000)});
    EXPECT_EQ(finished.exit, 3) << finished.out;
    EXPECT_THAT(finished.err, HasSubstr("stopped before the end"));
    EXPECT_THAT(left_behind(), IsEmpty());
  }
}

TEST_F(LabSoak, nothing_is_left_when_it_is_killed) {
  const Finished finished = run_program(kChurn, {.signal = SIGKILL, .signal_after = core::Micros(1'500'000)});
  EXPECT_EQ(finished.exit, 128 + SIGKILL);
  for (int tries = 0; tries < 2000 && !left_behind().empty(); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_THAT(left_behind(), IsEmpty());
}

TEST_F(LabSoak, without_root_says_what_to_do) {
  for (const char* scenario : {"churn", "stress"}) {
    const Finished finished = run_program({"lab", scenario}, {.user = 65534});
    EXPECT_EQ(finished.exit, 3);
    EXPECT_THAT(finished.err, HasSubstr("run it with sudo"));
    EXPECT_EQ(finished.out, "");
  }
}

}  // namespace
}  // namespace uncork::cli
