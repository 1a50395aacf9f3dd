// What one cure changes in a real process, and what it leaves alone.

#include "cure/watcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/tcp.h>  // not netinet/tcp.h, whose tcp_info is older
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/syscall.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/cure/target_process.hpp"

namespace uncork::cure {
namespace {

using testing::connect_pair;
using testing::Connection;
using testing::nodelay;
using testing::outcome_of;
using testing::TargetProcess;

CureReport cured(const TargetProcess& target, CureOptions options = {}) {
  auto report = cure_process(target.pid(), options);
  if (!report) {
    ADD_FAILURE() << report.error().message;
    return {};
  }
  for (const core::Error& problem : report->problems) ADD_FAILURE() << problem.message;
  return *report;
}

TEST(Cure, sets_nodelay_on_every_connection_of_the_process_and_on_nothing_else) {
  const Connection ours = connect_pair();
  const Connection other = connect_pair();
  const core::Fd listener = testing::listen_on("127.0.0.1:0");
  const core::Fd unconnected(::socket(AF_INET, SOCK_STREAM, 0));
  const core::Fd udp(::socket(AF_INET, SOCK_DGRAM, 0));
  const core::Fd local(::socket(AF_UNIX, SOCK_STREAM, 0));
  const auto target =
      TargetProcess::holding({ours.server.get(), other.client.get(), listener.get(), unconnected.get(), udp.get(), local.get()});

  const CureReport report = cured(target);
  EXPECT_EQ(report.sockets.size(), 4U) << "the two connections, the listener, the unconnected one";
  EXPECT_EQ(report.changed, 2U);
  EXPECT_TRUE(nodelay(ours.server));
  EXPECT_TRUE(nodelay(other.client));
  EXPECT_FALSE(nodelay(ours.client)) << "the far end is not the target's";
  EXPECT_FALSE(nodelay(other.server));
  EXPECT_FALSE(nodelay(listener));
  EXPECT_FALSE(nodelay(unconnected));
  EXPECT_EQ(outcome_of(report, listener)->socket.state, TcpState::listen);
  EXPECT_FALSE(outcome_of(report, listener)->changed);
  EXPECT_EQ(outcome_of(report, unconnected)->socket.state, TcpState::close);
  EXPECT_FALSE(outcome_of(report, unconnected)->socket.remote.has_value());
}

TEST(Cure, reports_each_socket_before_and_after) {
  const Connection connection = connect_pair();
  const auto target = TargetProcess::holding({connection.server.get()});
  const CureReport report = cured(target);
  const auto outcome = outcome_of(report, connection.server);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(report.pid, target.pid());
  EXPECT_EQ(outcome->socket.local, core::local_endpoint(connection.server).value());
  EXPECT_EQ(outcome->socket.remote, core::local_endpoint(connection.client).value());
  EXPECT_EQ(outcome->socket.state, TcpState::established);
  EXPECT_FALSE(outcome->socket.is_set);
  EXPECT_TRUE(outcome->set_after);
  EXPECT_TRUE(outcome->changed);
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  ASSERT_EQ(::getsockopt(connection.server.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
  EXPECT_EQ(outcome->socket.id.cookie, cookie);
  EXPECT_NE(outcome->socket.id.netns, 0U) << "namespace cookies and inodes both count from 1";
}

TEST(Cure, leaves_a_socket_that_has_the_option_and_says_so) {
  const Connection connection = connect_pair();
  testing::set_nodelay(connection.server, true);
  const auto target = TargetProcess::holding({connection.server.get()});
  const CureReport report = cured(target);
  const auto outcome = outcome_of(report, connection.server);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->socket.is_set);
  EXPECT_TRUE(outcome->set_after);
  EXPECT_FALSE(outcome->changed);
  EXPECT_EQ(report.changed, 0U);
}

TEST(Cure, keeps_to_the_port_local_or_remote) {
  const Connection first = connect_pair();
  const Connection second = connect_pair();
  const auto target = TargetProcess::holding({first.server.get(), first.client.get(), second.server.get()});
  const CureReport report = cured(target, {.port = first.server_port(), .state_directory = std::nullopt});
  EXPECT_EQ(report.changed, 2U);
  EXPECT_TRUE(nodelay(first.server)) << "its local port";
  EXPECT_TRUE(nodelay(first.client)) << "its remote port";
  EXPECT_FALSE(nodelay(second.server));
  EXPECT_EQ(report.sockets.size(), 2U);
}

TEST(Cure, changes_a_socket_with_two_descriptors_once) {
  const Connection connection = connect_pair();
  const core::Fd twin(::dup(connection.server.get()));
  const auto target = TargetProcess::holding({connection.server.get(), twin.get()});
  const CureReport report = cured(target);
  ASSERT_EQ(report.sockets.size(), 1U);
  EXPECT_EQ(report.sockets[0].socket.fd, std::min(connection.server.get(), twin.get()));
  EXPECT_EQ(report.changed, 1U);
}

TEST(Cure, reaches_ipv6_and_half_closed_connections) {
  const Connection v6 = connect_pair("[::1]:0");
  const Connection half = connect_pair();
  ASSERT_EQ(::shutdown(half.client.get(), SHUT_WR), 0);
  // The FIN has arrived once the server reads the end.
  std::byte none[1];
  ASSERT_EQ(core::read_some(half.server, none)->kind, core::ReadOutcome::Kind::end);
  const auto target = TargetProcess::holding({v6.client.get(), half.server.get()});
  const CureReport report = cured(target);
  EXPECT_TRUE(nodelay(v6.client));
  EXPECT_TRUE(nodelay(half.server));
  EXPECT_EQ(core::to_string(outcome_of(report, v6.client)->socket.local).substr(0, 6), "[::1]:");
  EXPECT_EQ(outcome_of(report, half.server)->socket.state, TcpState::close_wait);
}

/// Bytes that the kernel keeps back though the program has written them.
std::uint32_t unsent(const core::Fd& socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  EXPECT_EQ(::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  return info.tcpi_notsent_bytes;
}

TEST(Cure, sends_at_once_what_nagle_was_holding) {
  const std::byte byte[1]{};
  // The hold ends by itself after the receiver's 40 ms; a machine too busy to look sooner gets another try.
  for (int attempt = 0; attempt < 20; ++attempt) {
    const Connection connection = connect_pair();
    const auto target = TargetProcess::holding({connection.client.get()});
    ASSERT_TRUE(core::set_option(connection.server, IPPROTO_TCP, TCP_QUICKACK, 0).has_value());  // delay ACKs from the start
    ASSERT_TRUE(core::send_all(connection.client, byte).has_value());
    ASSERT_TRUE(core::send_all(connection.client, byte).has_value());
    if (unsent(connection.client) != 1) continue;
    EXPECT_EQ(cured(target).changed, 1U);
    EXPECT_EQ(unsent(connection.client), 0U);
    return;
  }
  FAIL() << "Nagle never held the second write";
}

TEST(Cure, of_a_process_without_tcp_sockets_is_an_empty_report) {
  const auto target = TargetProcess::holding({});
  EXPECT_TRUE(cured(target).sockets.empty());
}

TEST(Cure, works_on_more_sockets_than_it_may_open_itself) {
  std::vector<Connection> connections;
  std::vector<int> held;
  for (int i = 0; i < 40; ++i) {
    connections.push_back(connect_pair());
    held.push_back(connections.back().server.get());
  }
  const auto target = TargetProcess::holding(held);
  const auto said = testing::in_child([&](int out) {
    // Ten descriptors above those that are open: a fourth of the target's.
    const rlimit few{static_cast<rlim_t>(out + 10), static_cast<rlim_t>(out + 10)};
    ::setrlimit(RLIMIT_NOFILE, &few);
    const auto report = cure_process(target.pid(), {});
    const std::string text = report ? std::to_string(report->changed) : report.error().message;
    static_cast<void>(::write(out, text.data(), text.size()));
  });
  EXPECT_EQ(said, "40");
  EXPECT_TRUE(std::ranges::all_of(connections, [](const Connection& c) { return nodelay(c.server); }));
}

}  // namespace
}  // namespace uncork::cure
