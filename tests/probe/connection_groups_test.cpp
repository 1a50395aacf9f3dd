#include "probe/connection_groups.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace uncork::probe {
namespace {

using stall::Cause;
using stall::Role;

constexpr core::Micros ms(std::int64_t count) { return core::Micros(count * 1000); }

/// A connection of the server `command` on port 80.
ConnectionRow row(std::uint64_t cookie, std::int32_t pid, core::Micros lost, bool ended = false, std::string command = "httpd") {
  ConnectionRow made;
  made.where.cookie = cookie;
  made.where.process = {pid, std::move(command)};
  made.where.local = *core::parse_endpoint("127.0.0.1:80");
  made.where.remote = *core::parse_endpoint("127.0.0.1:40000");
  made.where.netns = "net:[1]";
  made.role = Role::responder;
  made.ended = ended;
  made.account.exchanges = 5;
  made.account.exchange_log2[10] = 5;
  made.account.budget[Cause::cork] = lost;
  return made;
}

ConnectionGroups groups() { return {service_key_of, {}}; }

TEST(ConnectionGroups, sum_connections_by_service) {
  ConnectionGroups g = groups();
  g.update({row(1, 10, ms(100)), row(2, 11, ms(300)), row(3, 12, ms(0), false, "other")});
  const auto services = g.services();
  ASSERT_EQ(services.size(), 2U);
  EXPECT_EQ(services[0].key.command, "httpd");
  EXPECT_EQ(services[0].key.port, 80);
  EXPECT_EQ(services[0].connections, 2U);
  EXPECT_EQ(services[0].open, 2U);
  EXPECT_EQ(services[0].losers, 2U);
  EXPECT_EQ(services[0].account.exchanges, 10U);
  EXPECT_EQ(services[0].account.budget.lost(), ms(400));
  EXPECT_EQ(services[0].times.count(), 10U);
  ASSERT_EQ(services[0].workers.size(), 2U);
  EXPECT_EQ(services[0].workers[0].pid, 11) << "who lost most comes first";
  EXPECT_EQ(services[0].worst->lost, ms(300));
  EXPECT_EQ(services[1].losers, 0U);
}

TEST(ConnectionGroups, what_is_told_again_counts_once_and_what_ended_stays) {
  ConnectionGroups g = groups();
  g.update({row(1, 10, ms(100))});
  g.update({row(1, 10, ms(150))});
  g.update({row(1, 10, ms(160), true)});
  g.update({row(2, 10, ms(40), true)});
  const auto services = g.services();
  ASSERT_EQ(services.size(), 1U);
  EXPECT_EQ(services[0].connections, 2U);
  EXPECT_EQ(services[0].open, 0U);
  EXPECT_EQ(services[0].account.exchanges, 10U);
  EXPECT_EQ(services[0].account.budget.lost(), ms(200));
  ASSERT_EQ(services[0].workers.size(), 1U);
  EXPECT_EQ(services[0].workers[0].connections, 2U);
  EXPECT_EQ(services[0].workers[0].lost, ms(200));
}

TEST(ConnectionGroups, leave_out_what_is_not_wanted_and_keep_what_was_wanted_once) {
  ConnectionGroups g(service_key_of, {}, [](const ConnectionRow& r) { return r.account.budget.lost() >= ms(50); });
  g.update({row(1, 10, ms(10)), row(2, 10, ms(60)), row(3, 10, ms(20), true)});
  ASSERT_EQ(g.services().size(), 1U);
  EXPECT_EQ(g.services()[0].connections, 1U);
  g.update({row(1, 10, ms(70)), row(2, 10, ms(0), true)});
  EXPECT_EQ(g.services()[0].connections, 2U);
  EXPECT_EQ(g.services()[0].open, 1U);
  EXPECT_EQ(g.services()[0].account.budget.lost(), ms(70)) << "the second has ended, and what it seemed to lose was taken back";
}

TEST(ConnectionGroups, what_seemed_lost_and_was_not_is_taken_back) {
  ConnectionGroups g = groups();
  g.update({row(1, 10, ms(200))});
  EXPECT_EQ(g.services()[0].losers, 1U);
  g.update({row(1, 10, ms(0))});
  EXPECT_EQ(g.services()[0].losers, 0U);
  const auto after = g.services();
  for (const std::uint64_t of : after[0].losers_by) EXPECT_EQ(of, 0U);
  EXPECT_EQ(g.services()[0].account.budget.lost(), ms(0));
}

TEST(ConnectionGroups, take_any_key) {
  const auto by_pid = [](const ConnectionRow& of) {
    stall::ServiceKey key;
    key.command = std::to_string(of.where.process.pid);
    return key;
  };
  ConnectionGroups g(by_pid, {});
  g.update({row(1, 10, ms(1)), row(2, 11, ms(1)), row(3, 11, ms(1))});
  const auto services = g.services();
  ASSERT_EQ(services.size(), 2U);
  EXPECT_EQ(services[1].connections, 2U);
}

}  // namespace
}  // namespace uncork::probe
