// Connections that were there before the witness, that end under it, that live elsewhere, and that are many.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "core/syscall.hpp"
#include "tests/net/conversation.hpp"
#include "tests/net/witnessed.hpp"

namespace uncork::net_test {
namespace {

using namespace std::chrono_literals;
using stall::Cause;

void ask_in_two_writes(const core::Fd& socket) {
  say(socket, 200);
  say(socket, 100);
  hear(socket, 1);
}

void answer_in_one_write(const core::Fd& socket) {
  hear(socket, 300);
  say(socket, 1);
}

class Lifetime : public Witnessed {};

// Answers in two writes until the client has gone; noexcept, because nothing of the test may run in a forked process.
void serve(const core::Fd& listener) noexcept {
  const core::Fd server = accept_from(listener);
  while (hear(server, 1)) {
    say(server, 200);
    say(server, 100);
  }
}

pid_t fork_server(const core::Fd& listener) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  serve(listener);
  ::_exit(0);
}

TEST_F(Lifetime, a_process_that_ended_is_still_reported_by_name) {
  const core::Fd listener = listen_for({});
  const pid_t child = fork_server(listener);
  ASSERT_GT(child, 0);
  const std::uint16_t port = port_of(listener);
  core::Fd client = connect_to(must(core::local_endpoint(listener)));
  for (int i = 0; i < 12; ++i) {
    say(client, 1);
    hear(client, 300);
  }
  const auto live = row_at(port, port_of(client));
  ASSERT_TRUE(live);
  EXPECT_EQ(live->where.process.pid, child);
  client.reset();
  ::waitpid(child, nullptr, 0);
  const probe::ConnectionRow last = last_row_of(live->where.cookie);
  EXPECT_EQ(last.where.process, live->where.process);
  EXPECT_EQ(last.where.local, live->where.local);
  EXPECT_EQ(last.where.remote, live->where.remote);
  EXPECT_EQ(last.account.exchanges, 12U);
  EXPECT_TRUE(mostly(Cause::nagle_delayed_ack, last.account.budget));
  for (const probe::ConnectionRow& row : poll()) EXPECT_NE(row.where.cookie, live->where.cookie) << "an end is told once";
}

TEST_F(Lifetime, a_killed_process_is_still_reported_by_name) {
  const core::Fd listener = listen_for({});
  const pid_t child = fork_server(listener);
  ASSERT_GT(child, 0);
  const core::Fd client = connect_to(must(core::local_endpoint(listener)));
  for (int i = 0; i < 12; ++i) {
    say(client, 1);
    hear(client, 300);
  }
  const auto live = row_at(port_of(listener), port_of(client));
  ASSERT_TRUE(live);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(hear(client, 1));
  const auto row = row_at(port_of(listener), port_of(client));
  // No process holds it any more; while the kernel still does, it is listed under the name of who wrote.
  if (row) {
    EXPECT_EQ(row->where.process.pid, child);
  }
  const std::uint64_t cookie = live->where.cookie;
  EXPECT_EQ(last_row_of(cookie).where.process.pid, child);
}

TEST_F(Lifetime, connections_from_before_the_witness_have_the_right_roles) {
  witness_.reset();
  // Both have carried something; the second one is quiet when the witness comes, and its server answers in two writes.
  const core::Fd listener = listen_for({});
  std::vector<Connection> connections;
  for (int i = 0; i < 2; ++i) {
    core::Fd client = connect_to(must(core::local_endpoint(listener)));
    connections.push_back({std::move(client), accept_from(listener)});
    exchange(3, connections.back(), ask_in_two_writes, answer_in_one_write);
  }
  attach({});
  ASSERT_NE(witness_, nullptr);
  exchange(10, connections[0], ask_in_two_writes, answer_in_one_write);
  EXPECT_TRUE(mostly(Cause::nagle_delayed_ack, account_of(connections[0].client).budget));
  EXPECT_EQ(account_of(connections[0].client).exchanges, 10U);
  EXPECT_EQ(account_of(connections[0].server).exchanges, 10U);
  EXPECT_TRUE(loses_nothing(account_of(connections[0].server).budget));

  exchange(
      10, connections[1],
      [](const core::Fd& client) {
        say(client, 1);
        hear(client, 300);
        think(50ms);
      },
      [](const core::Fd& server) {
        hear(server, 1);
        say(server, 200);
        say(server, 100);
      });
  const auto server = account_of(connections[1].server);
  EXPECT_EQ(server.exchanges, 10U);
  // The client's pauses are nobody's turn; a responder mistaken for the requester would call them the peer's thinking.
  EXPECT_TRUE(charges(Cause::idle, server.budget, 9 * 45ms, 10 * 100ms));
  EXPECT_TRUE(loses_nothing(account_of(connections[1].client).budget));
}

// Listens on a port that no client's kernel chooses by itself.
core::Fd listen_as_a_service() {
  for (int port = 21000; port < 21100; ++port) {
    core::Endpoint at = must(core::parse_endpoint("127.0.0.1:1"));
    at.port = static_cast<std::uint16_t>(port);
    if (auto listener = core::tcp_listen(at)) return std::move(*listener);
  }
  throw std::runtime_error("no port from 21000 to 21099 is free");
}

enum class Listener : bool { gone, there };

class MetMidway : public Lifetime, public testing::WithParamInterface<Listener> {};

// What comes first then is the answer, and whoever is taken for the requester for it stays so.
TEST_P(MetMidway, connection_has_the_right_roles) {
  witness_.reset();
  core::Fd listener = GetParam() == Listener::there ? listen_for({}) : listen_as_a_service();
  core::Fd client = connect_to(must(core::local_endpoint(listener)));
  const Connection connection = {std::move(client), accept_from(listener)};
  if (GetParam() == Listener::gone) listener.reset();
  const auto request = [](const core::Fd& socket) { say(socket, 10); };
  const auto answer = [](const core::Fd& socket) {
    hear(socket, 10);
    say(socket, 20);
  };
  request(connection.client);
  attach({});
  ASSERT_NE(witness_, nullptr);
  answer(connection.server);
  hear(connection.client, 20);
  exchange(
      5, connection,
      [&](const core::Fd& socket) {
        think(40ms);
        request(socket);
        hear(socket, 20);
      },
      answer);
  for (const core::Fd* end : {&connection.client, &connection.server}) {
    const auto budget = account_of(*end).budget;
    // The client's pauses are nobody's turn. If the roles were mixed up, they would be thinking about an answer.
    EXPECT_TRUE(charges(Cause::idle, budget, 5 * 38ms, 5 * 80ms));
    EXPECT_LE(budget[Cause::local_think] + budget[Cause::peer_think], 30ms) << to_string(budget);
  }
}

INSTANTIATE_TEST_SUITE_P(Roles, MetMidway, testing::Values(Listener::gone, Listener::there),
                         [](const auto& test) { return test.param == Listener::there ? "by_the_listener" : "by_the_port"; });

TEST_F(Lifetime, another_network_namespace_is_seen_and_named_by_its_inode) {
  const auto elsewhere = link::Namespace::make();
  if (!elsewhere) UNCORK_SKIP_TEST(elsewhere.error().message);
  Connection connection;
  must(elsewhere->inside([&]() -> core::Status {
    connection = connect_pair();
    return {};
  }));
  exchange(12, connection, ask_in_two_writes, answer_in_one_write);
  const auto client = row_of(connection.client);
  EXPECT_EQ(client.where.netns, "net:[" + std::to_string(must(elsewhere->inode())) + "]");
  EXPECT_TRUE(mostly(Cause::nagle_delayed_ack, client.account.budget));
  EXPECT_EQ(row_of(connection.server).where.netns, client.where.netns);
  const Connection here = connect_pair();
  exchange(1, here, ask_in_two_writes, answer_in_one_write);
  EXPECT_NE(row_of(here.client).where.netns, client.where.netns);
}

TEST_F(Lifetime, ipv6_is_seen_like_ipv4) {
  const Connection connection = connect_pair({.address = "[::1]:0"});
  exchange(12, connection, ask_in_two_writes, answer_in_one_write);
  const auto client = row_of(connection.client);
  EXPECT_EQ(client.where.local, must(core::local_endpoint(connection.client)));
  EXPECT_EQ(client.where.remote, must(core::local_endpoint(connection.server)));
  EXPECT_EQ(core::to_string(client.where.remote), "[::1]:" + std::to_string(port_of(connection.server)));
  EXPECT_TRUE(mostly(Cause::nagle_delayed_ack, client.account.budget));
  EXPECT_TRUE(loses_nothing(account_of(connection.server).budget));
}

TEST_F(Lifetime, two_thousand_connections_are_all_in_one_poll) {
  constexpr std::size_t kConnections = 2000;
  rlimit descriptors{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &descriptors), 0);
  const rlimit wanted{std::max<rlim_t>(descriptors.rlim_cur, 2 * kConnections + 200), descriptors.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &wanted) != 0) UNCORK_SKIP_TEST("needs 4200 descriptors: raise `ulimit -Hn`");
  const core::Fd listener = listen_for({});
  std::vector<Connection> connections;
  for (std::size_t i = 0; i < kConnections; ++i) {
    core::Fd client = connect_to(must(core::local_endpoint(listener)));
    connections.push_back({std::move(client), accept_from(listener)});
    say(connections.back().client, 1);
    hear(connections.back().server, 1);
  }
  std::set<std::uint64_t> seen;
  for (const probe::ConnectionRow& row : poll()) seen.insert(row.where.cookie);
  std::size_t missing = 0;
  for (const Connection& connection : connections) {
    missing += !seen.contains(cookie_of(connection.client));
    missing += !seen.contains(cookie_of(connection.server));
  }
  EXPECT_EQ(missing, 0U);
  const auto losses = witness_->losses();
  EXPECT_EQ(losses.no_storage, 0U);

  // And all their ends, though nobody looks while they end.
  std::set<std::uint64_t> open;
  for (const Connection& connection : connections) open.insert({cookie_of(connection.client), cookie_of(connection.server)});
  connections.clear();
  const core::Time deadline = core::MonotonicClock::now() + kPatience;
  while (!open.empty() && core::MonotonicClock::now() < deadline) {
    for (const probe::ConnectionRow& row : poll()) {
      if (row.ended) open.erase(row.where.cookie);
    }
  }
  EXPECT_EQ(open.size(), 0U) << "ends that were not told";
  EXPECT_EQ(witness_->losses().ended_lost, 0U);
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
}

}  // namespace
}  // namespace uncork::net_test
