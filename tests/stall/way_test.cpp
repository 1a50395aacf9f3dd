// The way of exchanges through the programs of a machine, and who on it holds.
#include "stall/way.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/endpoint.hpp"
#include "stall/service.hpp"

namespace uncork::stall {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kHere = "net:[1]";

/// What a program does on one port, healthy.
Service service(std::string command, std::int32_t pid, Role role, std::uint16_t port, std::uint64_t exchanges = 100) {
  Service made;
  made.key = {std::move(command), role, port, kHere};
  made.connections = made.open = 1;
  made.account.exchanges = exchanges;
  made.account.budget[Cause::network] = core::Micros(1000);
  made.workers = {{pid, pid, 1, core::Micros(0), true}};
  const core::Endpoint served = *core::parse_endpoint("127.0.0.1:" + std::to_string(port));
  const core::Endpoint other = *core::parse_endpoint("127.0.0.1:40000");
  made.worst = role == Role::responder ? Example{served, other, core::Micros(0)} : Example{other, served, core::Micros(0)};
  return made;
}
Service server(std::string command, std::int32_t pid, std::uint16_t port, std::uint64_t exchanges = 100) {
  return service(std::move(command), pid, Role::responder, port, exchanges);
}
Service client(std::string command, std::int32_t pid, std::uint16_t port, std::uint64_t exchanges = 100) {
  return service(std::move(command), pid, Role::requester, port, exchanges);
}
Service loses(Service one, Cause cause = Cause::nagle_delayed_ack) {
  one.account.budget[cause] = core::Micros(4'000'000);
  return one;
}

std::vector<ServiceVerdict> traced(std::vector<Service> services) {
  std::vector<ServiceVerdict> verdicts;
  for (Service& one : services) verdicts.push_back(conclude(std::move(one), Confidence::witnessed, {}));
  trace_ways(verdicts);
  return verdicts;
}
std::vector<std::string> ways(const std::vector<ServiceVerdict>& verdicts) {
  std::vector<std::string> texts;
  for (const ServiceVerdict& verdict : verdicts) texts.push_back(to_string(verdict.way));
  return texts;
}
std::vector<std::string> waits(const std::vector<ServiceVerdict>& verdicts) {
  std::vector<std::string> texts;
  for (const ServiceVerdict& verdict : verdicts) texts.push_back(verdict.waits_for);
  return texts;
}

TEST(Way, leads_from_the_client_through_the_relay_to_the_server) {
  const auto all =
      traced({client("curl", 1, 8000), server("socat", 2, 8000), client("socat", 2, 8001), loses(server("python3", 3, 8001))});
  EXPECT_THAT(ways(all), ::testing::Each("curl[1] -> socat[2] -> python3[3]; python3[3] holds"));
  EXPECT_THAT(waits(all), ElementsAre("python3", "python3", "python3", ""));
}

TEST(Way, accuses_the_relay_on_either_of_its_sides) {
  const auto answering =
      traced({client("curl", 1, 8000), loses(server("socat", 2, 8000)), client("socat", 2, 8001), server("python3", 3, 8001)});
  EXPECT_EQ(to_string(answering[3].way), "curl[1] -> socat[2] -> python3[3]; socat[2] holds");
  EXPECT_THAT(waits(answering), ElementsAre("socat", "", "", ""));
  const auto asking =
      traced({client("curl", 1, 8000), server("socat", 2, 8000), loses(client("socat", 2, 8001)), server("python3", 3, 8001)});
  EXPECT_EQ(to_string(asking[0].way), "curl[1] -> socat[2] -> python3[3]; socat[2] holds");
  EXPECT_EQ(asking[0].waits_for, "socat");
}

TEST(Way, names_whoever_reads_too_slowly_not_who_has_to_wait_for_that) {
  const auto all = traced({client("curl", 1, 8000), server("socat", 2, 8000), client("socat", 2, 8001),
                           loses(server("python3", 3, 8001), Cause::receive_window)});
  EXPECT_EQ(to_string(all[3].way), "curl[1] -> socat[2] -> python3[3]; socat[2] holds");
}

TEST(Way, asks_for_both_cures_where_two_hold) {
  const auto all = traced({client("curl", 1, 80), loses(server("haproxy", 2, 80)), client("haproxy", 2, 81),
                           server("socat", 3, 81), client("socat", 3, 82), loses(server("ruby", 4, 82))});
  EXPECT_EQ(
      to_string(all[1].way),
      "curl[1] -> haproxy[2] -> socat[3] -> ruby[4]; haproxy[2] and ruby[4] hold: end each, since to end one may show nothing");
  EXPECT_THAT(waits(all), ElementsAre("haproxy", "", "ruby", "ruby", "ruby", ""));
}

TEST(Way, takes_a_program_for_a_relay_only_if_it_asks_as_often_as_it_answers) {
  const auto rarely =
      traced({client("curl", 1, 80), server("app", 2, 80, 100), client("app", 2, 81, 49), loses(server("db", 3, 81))});
  EXPECT_THAT(ways(rarely), ::testing::Each(""));
  const auto often =
      traced({client("curl", 1, 80), server("app", 2, 80, 100), client("app", 2, 81, 300), loses(server("db", 3, 81, 300))});
  EXPECT_EQ(to_string(often[0].way), "curl[1] -> app[2] -> db[3]; db[3] holds");
}

TEST(Way, does_not_leave_the_machine) {
  Service away = client("app", 2, 81);
  away.worst->remote = *core::parse_endpoint("192.0.2.1:81");
  const auto all = traced({client("curl", 1, 80), loses(server("app", 2, 80)), away, server("db", 3, 81)});
  EXPECT_THAT(ways(all), ::testing::Each(""));
}

TEST(Way, crosses_namespaces_where_the_addresses_meet) {
  Service asks = client("app", 2, 81);
  Service database = loses(server("db", 3, 81));
  database.key.netns = "net:[2]";
  asks.worst->remote = database.worst->local = *core::parse_endpoint("198.18.0.2:81");
  EXPECT_EQ(to_string(traced({client("curl", 1, 80), server("app", 2, 80), asks, database})[0].way),
            "curl[1] -> app[2] -> db[3]; db[3] holds");
  database.worst->local = *core::parse_endpoint("198.18.0.3:81");
  EXPECT_THAT(ways(traced({client("curl", 1, 80), server("app", 2, 80), asks, database})), ::testing::Each(""));
  // Everybody's loopback has the same addresses.
  asks.worst->remote = database.worst->local = *core::parse_endpoint("127.0.0.1:81");
  EXPECT_THAT(ways(traced({client("curl", 1, 80), server("app", 2, 80), asks, database})), ::testing::Each(""));
}

TEST(Way, ends_where_it_comes_round) {
  const auto ring = traced({loses(server("a", 1, 80)), client("a", 1, 81), server("b", 2, 81), client("b", 2, 80)});
  EXPECT_LE(ring[0].way.size(), 4U);
  // A program that asks itself is no relay, be it on another port.
  EXPECT_THAT(ways(traced({loses(server("test", 1, 80)), client("test", 1, 80)})), ElementsAre("", ""));
  EXPECT_THAT(ways(traced({client("curl", 2, 80), loses(server("test", 1, 80)), client("test", 1, 81), server("test", 1, 81)})),
              ::testing::Each(""));
}

TEST(Way, sums_up_the_clients_of_a_server_and_workers_of_a_program) {
  Service workers = server("nginx", 2, 80);
  workers.workers.push_back({12, 12, 1, core::Micros(0), true});
  const auto all =
      traced({client("curl", 1, 80), client("ab", 5, 80), workers, client("nginx", 12, 81), loses(server("php", 3, 81))});
  EXPECT_EQ(to_string(all[4].way), "ab, curl -> nginx -> php[3]; php[3] holds");
}

TEST(Way, is_not_traced_where_nothing_matters_nor_for_what_has_no_row_of_its_own) {
  EXPECT_THAT(ways(traced({client("curl", 1, 80), server("a", 2, 80), client("a", 2, 81), server("b", 3, 81)})),
              ::testing::Each(""));
  Service others = loses(server("b", 3, 81));
  others.others = true;
  EXPECT_THAT(ways(traced({client("curl", 1, 80), server("a", 2, 80), client("a", 2, 81), others})), ::testing::Each(""));
}

TEST(Way, of_many_services_of_one_process_is_found_soon) {
  std::vector<Service> many;
  for (std::uint16_t port = 1; port <= 500; ++port) {
    many.push_back(loses(server("p", 1, port)));
    many.push_back(client("p", 1, static_cast<std::uint16_t>(port + 500)));
    many.push_back(server("q", 2, static_cast<std::uint16_t>(port + 500)));
  }
  EXPECT_EQ(traced(std::move(many)).size(), 1500U);  // without cubic effort: ctest's limit of time
}

}  // namespace
}  // namespace uncork::stall
