#include "probe/sampled_connections.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace uncork::probe {
namespace {

using core::Micros;
using std::chrono::milliseconds;

core::Endpoint at(const char* text) { return *core::parse_endpoint(text); }

/// Lists of sockets as a sampler gets them, one every 5 ms.
struct Machine {
  SampledConnections connections{"blue"};
  SocketList list;
  core::Time now{std::chrono::seconds(100)};

  DiagSocket& socket(std::uint64_t cookie, const char* local, const char* remote) {
    DiagSocket& socket = list.sockets.emplace_back();
    socket.cookie = cookie;
    socket.local = at(local);
    socket.remote = at(remote);
    socket.state = TcpState::established;
    socket.inode = static_cast<std::uint32_t>(cookie * 10);
    socket.info.emplace();
    socket.info->bytes_sent = socket.info->bytes_received = socket.info->notsent_bytes = 0;
    socket.info->snd_mss = 1448;
    socket.info->snd_cwnd = 10;
    return socket;
  }
  void listener(const char* local) { socket(99, local, "127.0.0.1:0").state = TcpState::listen; }
  void pass() {
    now += milliseconds(5);
    for (DiagSocket& socket : list.sockets) socket.at = now;
    connections.take(list);
  }
  void forget(std::uint64_t cookie) {
    std::erase_if(list.sockets, [&](const DiagSocket& socket) { return socket.cookie == cookie; });
  }
  DiagSocket& known(std::uint64_t cookie) { return *std::ranges::find(list.sockets, cookie, &DiagSocket::cookie); }
};

TEST(SampledConnections, shows_a_connection_once_it_has_carried_something) {
  Machine machine;
  machine.socket(1, "127.0.0.1:40000", "127.0.0.1:80");
  machine.pass();
  EXPECT_TRUE(machine.connections.take_rows().empty());
  machine.known(1).info->bytes_sent = 200;
  machine.pass();
  machine.pass();
  const auto rows = machine.connections.take_rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].where.cookie, 1U);
  EXPECT_EQ(rows[0].where.netns, "blue");
  EXPECT_EQ(core::to_string(rows[0].where.local), "127.0.0.1:40000");
  EXPECT_EQ(rows[0].account.budget.total(), milliseconds(10));
  EXPECT_FALSE(rows[0].ended);
}

TEST(SampledConnections, shows_an_ended_connection_once_and_forgives_one_list_that_misses_it) {
  Machine machine;
  machine.socket(1, "127.0.0.1:40000", "127.0.0.1:80").info->bytes_sent = 1;
  machine.socket(2, "127.0.0.1:40002", "127.0.0.1:80").info->bytes_sent = 1;
  machine.pass();
  const DiagSocket kept = machine.known(1);
  machine.forget(1);
  machine.pass();
  machine.list.sockets.push_back(kept);
  machine.pass();
  EXPECT_EQ(machine.connections.size(), 2U);
  machine.forget(1);
  machine.pass();
  machine.pass();
  auto rows = machine.connections.take_rows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(std::ranges::count(rows, true, &ConnectionRow::ended), 1);
  EXPECT_EQ(std::ranges::find(rows, true, &ConnectionRow::ended)->where.cookie, 1U);
  rows = machine.connections.take_rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].where.cookie, 2U);
}

TEST(SampledConnections, ends_nothing_on_the_word_of_an_interrupted_list) {
  Machine machine;
  machine.socket(1, "127.0.0.1:40000", "127.0.0.1:80").info->bytes_sent = 1;
  machine.pass();
  machine.forget(1);
  machine.list.interrupted = true;
  for (int i = 0; i < 5; ++i) machine.pass();
  EXPECT_EQ(machine.connections.size(), 1U);
}

TEST(SampledConnections, takes_the_end_with_a_listener_for_the_one_that_answers) {
  Machine machine;
  machine.listener("[::]:80");
  machine.socket(1, "127.0.0.1:40000", "127.0.0.1:80");
  machine.socket(2, "[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:40000");
  machine.pass();
  const auto later = [&](std::uint64_t cookie, int received, int sent) {
    machine.known(cookie).info->bytes_received = static_cast<std::uint64_t>(received);
    machine.known(cookie).info->bytes_sent = static_cast<std::uint64_t>(sent);
  };
  later(1, 0, 200);
  later(2, 200, 0);
  for (int i = 0; i < 8; ++i) {
    for (const std::uint64_t cookie : {1U, 2U}) {
      machine.known(cookie).info->last_data_sent_ms = machine.known(cookie).info->last_data_recv_ms =
          static_cast<unsigned>(5 * i);
    }
    machine.pass();
  }
  for (const ConnectionRow& row : machine.connections.take_rows()) {
    const bool asks = row.where.cookie == 1;
    EXPECT_EQ(row.account.budget[stall::Cause::peer_think], asks ? milliseconds(35) : Micros(0));
    EXPECT_EQ(row.account.budget[stall::Cause::local_think], asks ? Micros(0) : milliseconds(35));
  }
}

TEST(SampledConnections, names_the_processes_at_both_ends) {
  Machine machine;
  machine.socket(1, "127.0.0.1:40000", "127.0.0.1:80").info->bytes_sent = 1;
  machine.socket(2, "[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:40000").info->bytes_received = 1;
  machine.pass();
  EXPECT_TRUE(machine.connections.wants_names());
  SocketHolders holders;
  holders.by_inode[10] = {{500, 3, "client"}};
  holders.by_inode[20] = {{600, 4, "server"}, {601, 4, "worker"}};
  machine.connections.give_names(holders);
  EXPECT_FALSE(machine.connections.wants_names());
  for (const ConnectionRow& row : machine.connections.take_rows()) {
    const bool client = row.where.cookie == 1;
    EXPECT_EQ(row.where.process, (stall::Process{client ? 500 : 600, client ? "client" : "server"}));
    EXPECT_EQ(row.where.peer, (stall::Process{client ? 600 : 500, client ? "server" : "client"}));
    EXPECT_EQ(row.fd, client ? 3 : 4);
  }
}

TEST(SampledConnections, stops_asking_for_a_process_that_it_may_not_see_until_the_socket_gets_a_new_inode) {
  Machine machine;
  machine.socket(1, "127.0.0.1:40000", "127.0.0.1:80").info->bytes_sent = 1;
  machine.pass();
  for (int i = 0; i < SampledConnections::kNameTries; ++i) {
    EXPECT_TRUE(machine.connections.wants_names());
    machine.connections.give_names({});
  }
  EXPECT_FALSE(machine.connections.wants_names());
  EXPECT_EQ(machine.connections.nameless(), 1U);
  machine.known(1).inode = 77;
  machine.pass();
  EXPECT_TRUE(machine.connections.wants_names());
  EXPECT_EQ(machine.connections.nameless(), 0U);
}

TEST(SampledConnections, counts_the_ended_connections_that_nobody_fetched) {
  Machine machine;
  for (std::uint64_t i = 0; i < SampledConnections::kEndedKept + 3; ++i) {
    machine.socket(1000 + i, "127.0.0.1:40000", "127.0.0.1:80").info->bytes_sent = 1;
  }
  machine.pass();
  machine.list.sockets.clear();
  machine.pass();
  machine.pass();
  EXPECT_EQ(machine.connections.dropped(), 3U);
  EXPECT_EQ(machine.connections.take_rows().size(), SampledConnections::kEndedKept);
}

}  // namespace
}  // namespace uncork::probe
