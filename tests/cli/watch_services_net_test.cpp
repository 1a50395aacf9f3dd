// `uncork watch` of services, as a user runs it: short connections, many workers, another pid namespace.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/cli/program.hpp"
#include "tests/cli/sick_service.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::SickService;
using testing::summary_of;
using testing::verdicts_of;
using Json = nlohmann::json;

#define UNCORK_NEEDS_ROOT() \
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness")

/// What `watch` says of all that the service does; `more`: further arguments.
Finished watch_all(SickService& service, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"watch", "--port", service.port(), "--for", "6s"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return testing::watch_service(service, arguments);
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
  const std::size_t first = finished.out.find("uncork cure --pid");
  ASSERT_NE(first, std::string::npos) << finished.out;
  EXPECT_EQ(finished.out.find("uncork cure --pid", first + 1), std::string::npos) << finished.out;
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
