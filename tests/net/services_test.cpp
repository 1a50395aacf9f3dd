// The kernel's sums by service: nothing is missed, nothing is counted twice, however short the connections and many the workers.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "core/syscall.hpp"
#include "probe/enrich/cgroup_paths.hpp"
#include "stall/service.hpp"
#include "tests/net/conversation.hpp"
#include "tests/net/witnessed.hpp"

namespace uncork::net_test {
namespace {

using namespace std::chrono_literals;
using stall::Cause;
using stall::Role;
using stall::Service;

constexpr std::size_t kRequest = 20;
constexpr std::size_t kAnswer = 72;

/// An answer in three writes, which Nagle and the delayed ACK keep apart once the first exchange is over.
bool answer(const core::Fd& socket) {
  if (!hear(socket, kRequest)) return false;
  for (const std::size_t bytes : {std::size_t{32}, std::size_t{32}, std::size_t{8}}) say(socket, bytes);
  return true;
}

void ask(const core::Fd& socket, int times) {
  for (int i = 0; i < times; ++i) {
    say(socket, kRequest);
    if (!hear(socket, kAnswer)) throw std::runtime_error("the server ended the connection");
  }
}

class Services : public Witnessed {
 protected:
  /// The service on `port` in that role, as of a look now; none: it has carried nothing.
  std::optional<Service> service_at(std::uint16_t port, Role role) {
    static_cast<void>(poll());
    for (Service& one : must(witness_->services())) {
      if (one.key.port == port && one.key.role == role && !one.others) return std::move(one);
    }
    return std::nullopt;
  }
  Service service(std::uint16_t port, Role role) {
    auto found = service_at(port, role);
    if (!found) throw std::runtime_error(fmt::format("no service on port {}", port));
    return std::move(*found);
  }
  /// The same, once all of its connections have ended: the kernel ends sockets a moment after they were closed.
  Service ended(std::uint16_t port, Role role, std::uint64_t connections) {
    const core::Time deadline = core::MonotonicClock::now() + kPatience;
    for (;;) {
      auto one = service_at(port, role);
      if (one && one->connections >= connections && one->open == 0) return std::move(*one);
      if (core::MonotonicClock::now() > deadline) throw std::runtime_error(fmt::format("port {} does not come to rest", port));
      std::this_thread::sleep_for(5ms);
    }
  }
};

/// `count` connections, one after the other in each of `threads` rows, with `exchanges` each.
std::uint16_t talk_shortly(int count, int exchanges, int threads = 8) {
  const core::Fd listener = listen_for({});
  const std::uint16_t port = port_of(listener);
  const core::Endpoint at = must(core::local_endpoint(listener));
  std::vector<std::jthread> rows;
  for (int row = 0; row < threads; ++row) {
    rows.emplace_back([&, row] {
      for (int i = row; i < count; i += threads) ask(connect_to(at), exchanges);
    });
    rows.emplace_back([&, row] {
      for (int i = row; i < count; i += threads) {
        const core::Fd socket = accept_from(listener);
        while (answer(socket)) continue;
      }
    });
  }
  rows.clear();
  return port;
}

TEST_F(Services, short_connections_are_one_line_with_the_right_sums) {
  constexpr std::uint64_t kConnections = 500;
  const std::uint16_t port = talk_shortly(kConnections, 1);
  for (const Role role : {Role::responder, Role::requester}) {
    const Service one = ended(port, role, kConnections);
    const std::uint64_t writes = role == Role::responder ? 3 : 1;
    EXPECT_EQ(one.connections, kConnections);
    EXPECT_EQ(one.open, 0U);
    EXPECT_EQ(one.account.exchanges, kConnections);
    EXPECT_EQ(one.times.count(), kConnections);
    EXPECT_EQ(one.account.writes, writes * kConnections);
    EXPECT_EQ(one.account.wrote_bytes, (role == Role::responder ? kAnswer : kRequest) * kConnections);
    EXPECT_EQ(one.account.received_bytes, (role == Role::responder ? kRequest : kAnswer) * kConnections);
    EXPECT_EQ(one.by_place.at(0).exchanges, kConnections);
    EXPECT_EQ(one.by_request.at(4).exchanges, kConnections) << "20 bytes";
    EXPECT_EQ(one.by_answer.at(6).exchanges, kConnections) << "72 bytes";
    ASSERT_EQ(one.workers.size(), 1U);
    EXPECT_EQ(one.workers[0].pid, ::getpid());
    EXPECT_EQ(one.workers[0].connections, kConnections);
    EXPECT_TRUE(one.is_short_lived());
  }
}

TEST_F(Services, what_each_short_connection_lost_is_in_the_sums_and_where) {
  constexpr std::uint64_t kConnections = 60;
  const std::uint16_t port = talk_shortly(kConnections, 2, 6);
  const Service server = ended(port, Role::responder, kConnections);
  EXPECT_EQ(server.account.exchanges, 2 * kConnections);
  EXPECT_EQ(server.times.count(), 2 * kConnections);
  EXPECT_EQ(server.losers, kConnections);
  EXPECT_TRUE(charges(Cause::nagle_delayed_ack, server.account.budget, kConnections * 33ms, kConnections * 80ms));
  EXPECT_EQ(server.by_place.at(1).exchanges, kConnections);
  const auto total = static_cast<double>(server.account.budget.lost().count());
  EXPECT_GE(static_cast<double>(server.by_place.at(1).lost.count()), 0.95 * total);
  EXPECT_EQ(stall::concentration(server), "in the second exchange of a connection");
  EXPECT_NEAR(static_cast<double>(server.workers.at(0).lost.count()), total, 1.0);
  ASSERT_TRUE(server.worst);
  EXPECT_GE(server.worst->lost, 30ms);
  EXPECT_EQ(server.worst->local.port, port);
  const auto verdict = stall::conclude(server, stall::Confidence::witnessed, {});
  EXPECT_EQ(verdict.remedy.command, fmt::format("uncork cure --pid {} --port {} --watch", ::getpid(), port));
  EXPECT_EQ(ended(port, Role::requester, kConnections).account.budget.lost(), 0ms);
}

TEST_F(Services, an_open_connection_counts_as_it_stands_and_once) {
  const Connection connection = connect_pair();
  const std::uint16_t port = port_of(connection.server);
  converse(
      connection, [](const core::Fd& client) { ask(client, 3); },
      [](const core::Fd& server) {
        for (int i = 0; i < 3; ++i) answer(server);
      });
  for (int look = 0; look < 4; ++look) {
    const Service server = service(port, Role::responder);
    EXPECT_EQ(server.connections, 1U);
    EXPECT_EQ(server.open, 1U);
    EXPECT_EQ(server.account.exchanges, 3U);
    EXPECT_EQ(server.times.count(), 3U) << "the third has been answered";
    EXPECT_EQ(server.by_answer.at(6).exchanges, 3U);
    EXPECT_EQ(server.account.budget.lost(), account_of(connection.server).budget.lost());
  }
  converse(
      connection, [](const core::Fd& client) { ask(client, 2); },
      [](const core::Fd& server) {
        for (int i = 0; i < 2; ++i) answer(server);
      });
  const Service after = service(port, Role::responder);
  EXPECT_EQ(after.times.count(), 5U) << "what a look had counted is not counted again";
  EXPECT_EQ(after.by_place.at(0).exchanges, 1U);
  EXPECT_EQ(after.by_place.at(1).exchanges, 1U);
  EXPECT_EQ(after.by_place.at(2).exchanges, 3U);
}

TEST_F(Services, exchanges_are_counted_however_many_wait_for_it) {
  const Connection connection = connect_pair();
  const std::uint16_t port = port_of(connection.server);
  std::uint64_t all = 0;
  for (const int exchanges : {15, 1, 1, 16, 31, 100}) {
    exchange(
        exchanges, connection, [](const core::Fd& client) { say(client, kRequest), hear(client, kAnswer); },
        [](const core::Fd& server) { hear(server, kRequest), say(server, kAnswer); });
    all += static_cast<std::uint64_t>(exchanges);
    for (const Role role : {Role::responder, Role::requester}) {
      const Service one = service(port, role);
      EXPECT_EQ(one.account.exchanges, all);
      EXPECT_EQ(one.times.count(), all);
      EXPECT_EQ(one.by_request.at(4).exchanges, all);
      EXPECT_EQ(one.by_answer.at(6).exchanges, all);
      EXPECT_EQ(one.by_place.at(0).exchanges, 1U);
    }
  }
}

TEST_F(Services, prefork_workers_are_one_line) {
  constexpr int kWorkers = 20;
  const core::Fd listener = listen_for({});
  const std::uint16_t port = port_of(listener);
  const core::Endpoint at = must(core::local_endpoint(listener));
  std::set<pid_t> children;
  for (int i = 0; i < kWorkers; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      const core::Fd socket = accept_from(listener);
      while (answer(socket)) continue;
      ::_exit(0);
    }
    children.insert(child);
  }
  std::vector<core::Fd> clients;
  for (int i = 0; i < kWorkers; ++i) clients.push_back(connect_to(at));
  for (const core::Fd& client : clients) ask(client, 3);
  const Service server = service(port, Role::responder);
  EXPECT_EQ(server.connections, static_cast<std::uint64_t>(kWorkers));
  EXPECT_EQ(server.account.exchanges, 3U * kWorkers);
  std::set<pid_t> workers;
  for (const stall::Worker& worker : server.workers) {
    workers.insert(worker.pid);
    EXPECT_EQ(worker.connections, 1U);
    EXPECT_GE(worker.lost, 30ms);
  }
  EXPECT_EQ(workers, children);
  clients.clear();
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
}

TEST_F(Services, a_thread_with_a_name_of_its_own_is_no_service_of_its_own) {
  const Connection connection = connect_pair();
  std::jthread([&] {
    ::pthread_setname_np(::pthread_self(), "by-itself");
    converse(connection, [](const core::Fd& client) { ask(client, 1); }, [](const core::Fd& server) { answer(server); });
  }).join();
  EXPECT_NE(service(port_of(connection.server), Role::requester).key.command, "by-itself");
}

TEST_F(Services, one_sick_connection_beside_two_thousand_idle_ones) {
  constexpr int kIdle = 2000;
  const core::Fd listener = listen_for({});
  const std::uint16_t port = port_of(listener);
  const core::Endpoint at = must(core::local_endpoint(listener));
  std::vector<Connection> idle;
  for (int i = 0; i < kIdle; ++i) {
    core::Fd client = connect_to(at);
    core::Fd server = accept_from(listener);
    say(client, kRequest);
    hear(server, kRequest);
    say(server, kAnswer);
    hear(client, kAnswer);
    idle.push_back({std::move(client), std::move(server)});
  }
  const Connection sick{connect_to(at), accept_from(listener)};
  constexpr int kExchanges = 10;
  converse(
      sick, [](const core::Fd& client) { ask(client, kExchanges); },
      [](const core::Fd& server) {
        for (int i = 0; i < kExchanges; ++i) answer(server);
      });
  const Service server = service(port, Role::responder);
  EXPECT_EQ(server.connections, kIdle + 1U);
  EXPECT_EQ(server.account.exchanges, static_cast<std::uint64_t>(kIdle + kExchanges));
  EXPECT_EQ(server.losers, 1U);
  const auto verdict = stall::conclude(server, stall::Confidence::witnessed, {});
  EXPECT_TRUE(verdict.matters);
  EXPECT_EQ(verdict.cause, Cause::nagle_delayed_ack);
  ASSERT_TRUE(server.worst);
  EXPECT_EQ(server.worst->remote.port, must(core::local_endpoint(sick.client)).port);
}

TEST_F(Services, sums_of_services_beyond_the_room_go_to_the_others) {
  attach({.services = 2});
  if (!witness_) return;
  constexpr int kServices = 6;
  constexpr std::uint64_t kEach = 4;
  std::set<std::uint16_t> ports;
  for (int i = 0; i < kServices; ++i) ports.insert(talk_shortly(kEach, 2, 1));
  std::uint64_t connections = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t rows = 0;
  const core::Time deadline = core::MonotonicClock::now() + kPatience;
  // Other programs of this machine may have a row, or be among the others.
  do {
    static_cast<void>(poll());
    connections = exchanges = rows = 0;
    for (const Service& one : must(witness_->services())) {
      ++rows;
      if (!one.others && !ports.contains(one.key.port)) continue;
      connections += one.connections;
      exchanges += one.account.exchanges;
    }
  } while (connections < 2 * kServices * kEach && core::MonotonicClock::now() < deadline);
  EXPECT_LE(rows, 3U);
  EXPECT_GE(connections, 2 * kServices * kEach);
  EXPECT_GE(exchanges, 2 * 2 * kServices * kEach);
}

TEST_F(Services, no_sums_are_kept_where_nobody_wants_them_and_ledgers_are) {
  const core::Fd listener = listen_for({});
  const core::Endpoint at = must(core::local_endpoint(listener));
  attach({.services = 0});
  if (!witness_) return;
  const Connection connection{connect_to(at), accept_from(listener)};
  converse(
      connection, [](const core::Fd& client) { ask(client, 3); },
      [](const core::Fd& server) {
        for (int i = 0; i < 3; ++i) answer(server);
      });
  const auto rows = poll();
  EXPECT_EQ(
      std::ranges::count_if(
          rows, [&](const probe::ConnectionRow& row) { return row.where.local.port == at.port && row.account.exchanges == 3; }),
      1);
  EXPECT_TRUE(must(witness_->services()).empty());
}

TEST_F(Services, the_kernel_leaves_out_what_is_not_asked_for) {
  const core::Fd listener = listen_for({});
  const core::Fd other_listener = listen_for({});
  const core::Endpoint at = must(core::local_endpoint(listener));
  attach({.only = {.port = at.port}});
  if (!witness_) return;
  const Connection wanted{connect_to(at), accept_from(listener)};
  const Connection other{connect_to(must(core::local_endpoint(other_listener))), accept_from(other_listener)};
  for (const Connection* connection : {&other, &wanted}) {
    converse(
        *connection, [](const core::Fd& client) { ask(client, 2); },
        [](const core::Fd& server) {
          for (int i = 0; i < 2; ++i) answer(server);
        });
  }
  static_cast<void>(poll());
  std::uint64_t connections = 0;
  for (const Service& one : must(witness_->services())) {
    EXPECT_EQ(one.key.port, at.port) << one.key.command << " " << stall::name(one.key.role);
    connections += one.connections;
  }
  EXPECT_EQ(connections, 2U) << "its two ends";
}

/// Two exchanges on each of two connections, the first to 127.0.0.1, the second to 127.0.0.2.
struct TwoPlaces {
  core::Fd first_listener = listen_for({});
  core::Fd second_listener = listen_for({.address = "127.0.0.2:0"});
  core::Endpoint first = must(core::local_endpoint(first_listener));
  core::Endpoint second = must(core::local_endpoint(second_listener));

  /// The connections, open still.
  [[nodiscard]] std::vector<Connection> talk() const {
    std::vector<Connection> open;
    for (const auto& [at, listener] : {std::pair(first, &first_listener), std::pair(second, &second_listener)}) {
      open.push_back({connect_to(at), accept_from(*listener)});
      converse(
          open.back(), [](const core::Fd& client) { ask(client, 2); },
          [](const core::Fd& server) {
            for (int i = 0; i < 2; ++i) answer(server);
          });
    }
    return open;
  }
};

TEST_F(Services, the_kernel_keeps_to_an_end_by_its_port_and_by_the_others_address) {
  struct Case {
    const char* what;
    probe::OnlyThese only;
    std::set<std::pair<std::uint16_t, Role>> expected;
  };
  const TwoPlaces places;
  const std::uint16_t first = places.first.port, second = places.second.port;
  probe::OnlyThese second_address{};
  second_address.remote = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 2};
  second_address.remote_bits = 128;
  for (const Case& one : {Case{"local port", {.local_port = first}, {{first, Role::responder}}},
                          Case{"remote port", {.remote_port = second}, {{second, Role::requester}}},
                          Case{"remote address", second_address, {{second, Role::requester}}}}) {
    attach({.only = one.only});
    if (!witness_) return;
    const std::vector<Connection> open = places.talk();
    std::set<std::pair<std::uint16_t, Role>> rows;  // of connections one by one
    for (const probe::ConnectionRow& row : poll()) {
      const bool serves = row.role == Role::responder;
      rows.emplace(serves ? row.where.local.port : row.where.remote.port, row.role);
    }
    std::set<std::pair<std::uint16_t, Role>> found;
    for (const Service& service : must(witness_->services())) {
      found.emplace(service.key.port, service.key.role);
      EXPECT_EQ(service.account.exchanges, 2U) << one.what;
    }
    EXPECT_EQ(found, one.expected) << one.what;
    EXPECT_EQ(rows, one.expected) << one.what;
  }
}

TEST_F(Services, of_processes_in_a_control_group_and_below_it) {
  const std::string mount = probe::cgroup_mount();
  if (mount.empty()) UNCORK_SKIP_TEST("no hierarchy of version 2 is mounted");
  const std::filesystem::path group = mount + "/uncork-test-" + std::to_string(::getpid());
  const std::filesystem::path below = group / "below";
  ASSERT_TRUE(std::filesystem::create_directories(below));
  const core::Fd directory = must(core::open_file(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  attach({.only = {.cgroup = directory.get()}});
  if (witness_) {
    const core::Fd listener = listen_for({});
    const core::Endpoint at = must(core::local_endpoint(listener));
    const pid_t child = ::fork();
    if (child == 0) {
      std::ofstream(below / "cgroup.procs") << "0" << std::flush;
      ask(connect_to(at), 2);
      ::_exit(0);
    }
    const core::Fd socket = accept_from(listener);
    while (answer(socket)) continue;
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    const Service client = ended(at.port, Role::requester, 1);
    EXPECT_EQ(client.account.exchanges, 2U);
    ASSERT_EQ(client.workers.size(), 1U);
    EXPECT_EQ(client.workers[0].pid, child);
    EXPECT_FALSE(service_at(at.port, Role::responder)) << "we are in no such group";
  }
  std::filesystem::remove(below);
  std::filesystem::remove(group);
}

TEST_F(Services, of_wanted_processes_alone_and_of_their_children) {
  attach({.only = {.processes = true, .children = true}});
  if (!witness_) return;
  const core::Fd listener = listen_for({});
  const core::Endpoint at = must(core::local_endpoint(listener));
  const auto processes = must(witness_->processes());
  const auto self = std::ranges::find(processes, ::getpid(), &probe::ProcessRow::pid);
  ASSERT_NE(self, processes.end());
  // The child is wanted, being ours; we are not, when it speaks to us.
  const pid_t child = [&] {
    must(witness_->want(self->host_pid));
    const pid_t made = ::fork();
    if (made == 0) {
      ask(connect_to(at), 2);
      ::_exit(0);
    }
    return made;
  }();
  const core::Fd socket = accept_from(listener);
  while (answer(socket)) continue;
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  const Service client = ended(at.port, Role::requester, 1);
  EXPECT_EQ(client.account.exchanges, 2U);
  ASSERT_EQ(client.workers.size(), 1U);
  EXPECT_EQ(client.workers[0].pid, child);
  EXPECT_EQ(client.by_place.at(0).exchanges, 1U) << "its first exchange was seen as that";
}

TEST_F(Services, the_first_request_to_a_wanted_process_counts_with_its_whole_size) {
  attach({.only = {.processes = true}});
  if (!witness_) return;
  const auto processes = must(witness_->processes());
  const auto self = std::ranges::find(processes, ::getpid(), &probe::ProcessRow::pid);
  ASSERT_NE(self, processes.end());
  must(witness_->want(self->host_pid));
  const core::Fd listener = listen_for({});
  const core::Endpoint at = must(core::local_endpoint(listener));
  const pid_t child = ::fork();
  if (child == 0) {
    ask(connect_to(at), 3);
    ::_exit(0);
  }
  const core::Fd socket = accept_from(listener);
  while (answer(socket)) continue;
  ::waitpid(child, nullptr, 0);
  const Service server = service(at.port, Role::responder);
  EXPECT_EQ(server.account.received_bytes, 3 * kRequest);
  EXPECT_EQ(server.by_request.at(4).exchanges, 3U) << "20 bytes each: its account began when the first was read";
  EXPECT_EQ(server.by_place.at(0).exchanges, 1U);
}

TEST_F(Services, ended_connections_that_lost_nothing_take_no_room_on_request) {
  attach({.tell = {.quiet = false}});
  if (!witness_) return;
  const core::Fd listener = listen_for({});
  const std::uint16_t port = port_of(listener);
  for (int i = 0; i < 40; ++i) {  // one write is never held
    const Connection connection{connect_to(must(core::local_endpoint(listener))), accept_from(listener)};
    say(connection.client, kRequest);
    hear(connection.server, kRequest);
    say(connection.server, kAnswer);
    hear(connection.client, kAnswer);
  }
  static_cast<void>(ended(port, Role::responder, 40));
  std::size_t told = 0;
  for (const probe::ConnectionRow& row : poll()) {
    if (row.ended && (row.where.local.port == port || row.where.remote.port == port)) ++told;
  }
  EXPECT_EQ(told, 0U);
  EXPECT_GE(witness_->untold(), 40U) << "once for both ends";
}

}  // namespace
}  // namespace uncork::net_test
