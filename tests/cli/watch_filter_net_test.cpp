// `uncork watch` that is asked for a part of what there is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "probe/enrich/cgroup_paths.hpp"
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

#define UNCORK_NEEDS_ROOT() \
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness")

constexpr int kConnections = 24;

/// What `watch` says of two workers that answer on short connections.
Finished watch_with(const std::vector<std::string>& more, std::string* port = nullptr) {
  SickService service(2, kConnections, 2);
  if (port != nullptr) *port = service.port();
  std::vector<std::string> arguments = {"watch", "--port", service.port(), "--for", "4s"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return testing::watch_service(service, arguments);
}

TEST(WatchFilter, a_name_a_side_or_a_cause_leave_the_services_that_have_it_with_their_whole_sums) {
  UNCORK_NEEDS_ROOT();
  const std::vector<std::vector<std::string>> choices = {
      {"--comm", "python3", "--side", "server"},
      {"--cause", "nagle_delayed_ack"},
      {"--filter", "comm ~ '^pyth' and lost > 100ms and cause == nagle_delayed_ack"}};
  for (const auto& choice : choices) {
    std::vector<std::string> more = choice;
    more.emplace_back("--json");
    const Finished finished = watch_with(more);
    EXPECT_EQ(finished.exit, 1) << choice[1] << finished.err;
    const auto summary = summary_of(finished.out);
    EXPECT_EQ(summary.at("services"), 1) << choice[1];
    EXPECT_EQ(summary.at("connections"), kConnections) << choice[1];
    EXPECT_EQ(summary.at("none_matched"), "") << choice[1];
    const auto verdicts = verdicts_of(finished.out);
    ASSERT_EQ(verdicts.size(), 1U) << choice[1];
    EXPECT_EQ(verdicts[0].at("exchanges"), 2 * kConnections) << choice[1];
    EXPECT_EQ(verdicts[0].at("peer_comm"), "python3") << "the other end is named, though it is not asked for";
  }
}

TEST(WatchFilter, what_only_connections_know_is_summed_up_here) {
  UNCORK_NEEDS_ROOT();
  const Finished finished = watch_with({"--json", "--filter", "rtt < 10s and not nodelay and src 127.0.0.0/8 and lost > 1ms"});
  EXPECT_EQ(finished.exit, 1) << finished.err;
  const auto verdicts = verdicts_of(finished.out);
  ASSERT_EQ(verdicts.size(), 1U) << finished.out;
  EXPECT_EQ(verdicts[0].at("role"), "server");
  EXPECT_EQ(verdicts[0].at("connections"), kConnections);
  EXPECT_EQ(verdicts[0].at("exchanges"), 2 * kConnections);
}

TEST(WatchFilter, the_other_ends_port_is_the_clients_side_in_every_grouping) {
  UNCORK_NEEDS_ROOT();
  for (const std::string by : {"service", "peer", "connection"}) {
    SickService service(1, kConnections, 2);
    const Finished finished = testing::watch_service(
        service, {"watch", "--for", "4s", "--json", "--all", "--by", by, "--remote", "127.0.0.0/8:" + service.port()});
    const auto summary = summary_of(finished.out);
    EXPECT_EQ(summary.at("connections"), kConnections) << by << finished.err;
    EXPECT_EQ(summary.at("losing"), 0) << by << ": it is the server that loses";
    for (const auto& verdict : verdicts_of(finished.out)) {
      if (by == "service") {
        EXPECT_EQ(verdict.at("role"), "client");
      } else if (by == "connection") {
        EXPECT_THAT(verdict.at("remote").get<std::string>(), ::testing::EndsWith(":" + service.port()));
      }
    }
  }
}

TEST(WatchFilter, one_that_finds_nothing_says_what_there_was) {
  UNCORK_NEEDS_ROOT();
  std::string port;
  const Finished name = watch_with({"--comm", "ngins"}, &port);
  EXPECT_EQ(name.exit, 0);
  EXPECT_THAT(name.err, HasSubstr("matched none of 2 services: python3"));
  EXPECT_THAT(name.err, HasSubstr("server :" + port));
  EXPECT_THAT(name.out, HasSubstr("0 services with 0 connections"));
  const Finished connections = watch_with({"--filter", "rtt > 1h", "--json"});
  EXPECT_THAT(summary_of(connections.out).at("none_matched").get<std::string>(),
              HasSubstr("--filter 'rtt > 1h' matched none of the connections of python3"));
  const Finished address = watch_with({"--remote", "192.0.2.0/24", "--once"});
  EXPECT_THAT(address.err, HasSubstr("--remote 192.0.2.0/24: no such connection carried anything"));
  const Finished process = watch_with({"--by", "process", "--comm", "ngins"});
  EXPECT_THAT(process.err, HasSubstr("--comm ngins matched none of the connections of python3"));
  const Finished one_by_one = watch_with({"--by", "connection", "--cause", "cork"});
  EXPECT_THAT(one_by_one.err, HasSubstr("connections that lost time"));
}

TEST(WatchFilter, a_control_group_and_the_container_that_it_is_of) {
  UNCORK_NEEDS_ROOT();
  const std::string mount = probe::cgroup_mount();
  if (mount.empty()) UNCORK_SKIP_TEST("no hierarchy of version 2 is mounted");
  const std::string id = "5a0e8d1c4b7f" + std::string(52, 'c');
  const std::string path = "/docker-" + id + ".scope";
  std::filesystem::create_directory(mount + path);
  for (const auto& choice : {std::pair("--cgroup", path), std::pair("--container", id.substr(0, 12))}) {
    SickService service(1, kConnections, 2);
    std::ofstream(mount + path + "/cgroup.procs") << *service.workers().begin() << std::flush;
    const Finished finished = testing::watch_service(service, {"watch", "--for", "4s", "--json", choice.first, choice.second});
    EXPECT_EQ(finished.exit, 1) << choice.first << finished.err;
    const auto verdicts = verdicts_of(finished.out);
    ASSERT_EQ(verdicts.size(), 1U) << choice.first;
    EXPECT_EQ(verdicts[0].at("role"), "server") << "the clients are elsewhere";
    EXPECT_EQ(verdicts[0].at("exchanges"), 2 * kConnections) << choice.first;
    EXPECT_EQ(summary_of(finished.out).at("services"), 1) << choice.first;
  }
  std::filesystem::remove(mount + path);
}

TEST(WatchFilter, says_of_how_many_connections_it_does_not_know_the_service) {
  UNCORK_NEEDS_ROOT();
  const Finished finished = watch_with({"--comm", "python3", "--most-services", "1", "--json"});
  const auto limits = summary_of(finished.out).at("limits");
  ASSERT_EQ(limits.size(), 1U) << limits.dump();
  EXPECT_EQ(limits[0], "not asked: " + std::to_string(kConnections) +
                           " connections of services that found no row of their own (--most-services)");
}

TEST(WatchFilter, samples_know_it_too) {
  UNCORK_NEEDS_ROOT();           // to be somebody who may not use BPF
  SickService service(1, 0, 3);  // talks until it is told
  service.go();
  const auto sampled = [&](const std::string& filter) {
    return testing::run_program({"watch", "--port", service.port(), "--for", "2s", "--json", "--filter", filter},
                                {.user = 65534});
  };
  const auto clients = summary_of(sampled("rtt < 10s and src 127.0.0.0/8 and dport == " + service.port()).out);
  EXPECT_EQ(clients.at("confidence"), "sampled");
  EXPECT_EQ(clients.at("services"), 1) << clients.dump();
  EXPECT_GT(clients.at("connections"), 0);
  const auto none = summary_of(sampled("rtt > 1h").out);
  EXPECT_EQ(none.at("services"), 0);
  EXPECT_THAT(none.at("none_matched").get<std::string>(), HasSubstr("matched none of the connections of programs that are not"));
  service.go();
  service.wait_until_done();
}

TEST(WatchFilter, events_keep_to_it) {
  UNCORK_NEEDS_ROOT();
  const Finished server = watch_with({"--events", "--side", "server"});
  EXPECT_THAT(server.out, HasSubstr(" wrote "));
  EXPECT_THAT(server.out, HasSubstr("32"));
  const Finished none = watch_with({"--events", "--comm", "ngins"});
  EXPECT_THAT(none.out, ::testing::Not(HasSubstr(" wrote ")));
}

}  // namespace
}  // namespace uncork::cli
