#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/syscall.hpp"
#include "probe/diag/inet_diag.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

using testing::connect_pair;
using testing::Pair;

const DiagSocket* find(const SocketList& list, const core::Endpoint& local, const core::Endpoint& remote) {
  const auto found = std::ranges::find_if(list.sockets, [&](const DiagSocket& socket) {
    return core::unmapped(socket.local) == local && core::unmapped(socket.remote) == remote;
  });
  return found == list.sockets.end() ? nullptr : &*found;
}

SocketList listed(const SocketFilter& filter = {}) {
  SocketList list;
  auto diag = InetDiag::open();
  EXPECT_TRUE(diag) << diag.error().message;
  const auto status = diag->list(filter, list);
  EXPECT_TRUE(status) << status.error().message;
  return list;
}

TEST(InetDiag, lists_both_ends_of_a_connection_of_either_family) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    SCOPED_TRACE(address);
    const Pair pair = connect_pair(address);
    const core::Time before = core::MonotonicClock::now();
    const SocketList list = listed();
    const DiagSocket* client = find(list, pair.client_address(), pair.server_address());
    const DiagSocket* server = find(list, pair.server_address(), pair.client_address());
    ASSERT_NE(client, nullptr);
    ASSERT_NE(server, nullptr);

    std::uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    ASSERT_EQ(::getsockopt(pair.client.get(), SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
    struct stat file{};
    ASSERT_EQ(::fstat(pair.client.get(), &file), 0);
    EXPECT_EQ(client->cookie, cookie);
    EXPECT_EQ(client->inode, file.st_ino);
    EXPECT_EQ(client->uid, ::getuid());
    EXPECT_EQ(client->state, TcpState::established);
    EXPECT_NE(server->cookie, client->cookie);
    ASSERT_TRUE(client->info);
    EXPECT_GE(client->info->length, 104U);
    EXPECT_GE(client->at, before);
  }
}

TEST(InetDiag, lists_an_ipv4_connection_that_an_ipv6_listener_accepted) {
  const auto listener = core::tcp_listen(*core::parse_endpoint("[::]:0"));
  ASSERT_TRUE(listener) << listener.error().message;
  core::Endpoint to = *core::parse_endpoint("127.0.0.1:0");
  to.port = core::local_endpoint(*listener)->port;
  const auto client = core::tcp_connect(to);
  ASSERT_TRUE(client) << client.error().message;
  const auto server = core::tcp_accept(*listener);
  const SocketList list = listed();
  const auto end = core::local_endpoint(*client);
  EXPECT_NE(find(list, *end, to), nullptr);
  const DiagSocket* accepted = find(list, to, *end);
  ASSERT_NE(accepted, nullptr);
  EXPECT_EQ(accepted->local.family, core::Endpoint::Family::v6);
}

TEST(InetDiag, lists_listeners_only_when_asked) {
  const auto listener = core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
  ASSERT_TRUE(listener);
  const auto local = *core::local_endpoint(*listener);
  const auto is_ours = [&](const DiagSocket& socket) { return socket.state == TcpState::listen && socket.local == local; };
  EXPECT_TRUE(std::ranges::none_of(listed().sockets, is_ours));
  const SocketList listeners = listed({.connected = false, .listening = true, .port = {}});
  EXPECT_TRUE(std::ranges::any_of(listeners.sockets, is_ours));
  EXPECT_TRUE(std::ranges::all_of(listeners.sockets, [](const DiagSocket& s) { return s.state == TcpState::listen; }));
}

TEST(InetDiag, lets_the_kernel_filter_by_a_port_at_either_end) {
  const Pair pair = connect_pair();
  const Pair other = connect_pair();
  for (const std::uint16_t port : {pair.client_address().port, pair.server_address().port}) {
    const SocketList list = listed({.connected = true, .listening = true, .port = port});
    EXPECT_NE(find(list, pair.client_address(), pair.server_address()), nullptr);
    EXPECT_NE(find(list, pair.server_address(), pair.client_address()), nullptr);
    EXPECT_EQ(find(list, other.client_address(), other.server_address()), nullptr);
    for (const DiagSocket& socket : list.sockets) EXPECT_TRUE(socket.local.port == port || socket.remote.port == port);
  }
  for (const std::uint16_t port : {std::uint16_t{1}, std::uint16_t{65535}}) {
    for (const DiagSocket& socket : listed({.connected = true, .listening = true, .port = port}).sockets) {
      EXPECT_TRUE(socket.local.port == port || socket.remote.port == port);
    }
  }
}

TEST(InetDiag, lists_more_sockets_than_fit_into_one_datagram) {
  std::vector<Pair> pairs;
  for (int i = 0; i < 200; ++i) pairs.push_back(connect_pair());  // 400 sockets of 400 bytes: five chunks
  auto diag = InetDiag::open();
  ASSERT_TRUE(diag);
  SocketList list;
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(diag->list({}, list));
    for (const Pair& pair : pairs) {
      EXPECT_NE(find(list, pair.client_address(), pair.server_address()), nullptr);
      EXPECT_NE(find(list, pair.server_address(), pair.client_address()), nullptr);
    }
  }
}

TEST(InetDiag, needs_no_privilege) {
  EXPECT_EQ(testing::as_nobody([]() -> std::string {
              const Pair pair = connect_pair();
              SocketList list;
              auto diag = InetDiag::open();
              if (!diag) return diag.error().message;
              if (const auto status = diag->list({}, list); !status) return status.error().message;
              const DiagSocket* socket = find(list, pair.client_address(), pair.server_address());
              if (socket == nullptr) return "our socket is not listed";
              return socket->info ? "" : "without tcp_info";
            }),
            "");
}

}  // namespace
}  // namespace uncork::probe
