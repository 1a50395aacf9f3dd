// Every field of a row against getsockopt(TCP_INFO) and inet_diag of the same socket.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "core/syscall.hpp"
#include "record/catalogue.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/passed.hpp"

namespace uncork::probe {
namespace {

using testing::connect_pair;
using testing::Pair;

class SocketPassFields : public testing::Passed {
 protected:
  static void set(const core::Fd& socket, int level, int option, int value) {
    const auto status = core::set_option(socket, level, option, value);
    ASSERT_TRUE(status) << status.error().message;
  }

  static void send(const core::Fd& socket, std::size_t size) {
    const std::vector<std::byte> bytes(size);
    const auto status = core::send_all(socket, bytes);
    ASSERT_TRUE(status) << status.error().message;
  }

  static void receive(const core::Fd& socket, std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t have = 0; have < size;) {
      const auto got = core::read_some(socket, std::span(bytes).subspan(have));
      ASSERT_TRUE(got);
      have += got->count;
    }
  }

  static void talk(const Pair& pair) {
    for (int i = 0; i < 5; ++i) {
      send(pair.client, 1000);
      receive(pair.server, 1000);
      send(pair.server, 70'000);
      receive(pair.client, 70'000);
    }
  }
};

TEST_F(SocketPassFields, are_those_of_the_kernel_on_both_ends_of_a_connection_of_either_family) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    SCOPED_TRACE(address);
    const Pair pair = connect_pair(address);
    talk(pair);
    EXPECT_EQ(compare(pair.client), "");
    EXPECT_EQ(compare(pair.server), "");
  }
}

TEST_F(SocketPassFields, name_the_addresses_as_the_kernel_does) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    SCOPED_TRACE(address);
    const Pair pair = connect_pair(address);
    const record::Row client = row_of(pair.client);
    const record::Row server = row_of(pair.server);
    const core::Endpoint local = pair.client_address();
    const core::Endpoint remote = pair.server_address();
    EXPECT_EQ(client.inet_diag_msg_socket_source, local.bytes);
    EXPECT_EQ(client.inet_diag_msg_socket_destination, remote.bytes);
    EXPECT_EQ(client.inet_diag_msg_socket_source_port, local.port);
    EXPECT_EQ(client.inet_diag_msg_socket_destination_port, remote.port);
    EXPECT_EQ(server.inet_diag_msg_socket_source, remote.bytes);
    EXPECT_EQ(server.inet_diag_msg_socket_destination, local.bytes);
  }
}

TEST_F(SocketPassFields, are_those_of_the_kernel_where_an_ipv6_listener_accepted_an_ipv4_connection) {
  const auto listener = core::tcp_listen(*core::parse_endpoint("[::]:0"));
  ASSERT_TRUE(listener) << listener.error().message;
  core::Endpoint to = *core::parse_endpoint("127.0.0.1:0");
  to.port = core::local_endpoint(*listener)->port;
  auto client = core::tcp_connect(to);
  ASSERT_TRUE(client);
  auto server = core::tcp_accept(*listener);
  ASSERT_TRUE(server);
  const Pair pair{std::move(*client), std::move(*server)};
  talk(pair);
  EXPECT_EQ(compare(pair.client), "");
  EXPECT_EQ(compare(pair.server), "");
  const record::Row row = row_of(pair.server);
  EXPECT_EQ(row.inet_diag_msg_family, std::uint32_t{AF_INET6});
  const std::array<std::uint8_t, 16> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  EXPECT_EQ(row.inet_diag_msg_socket_source, mapped);
}

TEST_F(SocketPassFields, tell_of_a_listener_how_many_wait_and_how_many_may) {
  const auto listener = core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
  ASSERT_TRUE(listener);
  const core::Endpoint at = *core::local_endpoint(*listener);
  const auto one = core::tcp_connect(at);
  const auto two = core::tcp_connect(at);
  EXPECT_EQ(compare(*listener), "");
  const record::Row row = row_of(*listener);
  EXPECT_EQ(row.tcp_info_unacked, 2U);
  EXPECT_EQ(row.inet_diag_msg_rqueue, 2U);
  EXPECT_EQ(row.tcp_info_segs_in, 0U);
}

TEST_F(SocketPassFields, tell_what_lies_in_the_queues) {
  const Pair pair = connect_pair();
  send(pair.client, 5000);
  EXPECT_EQ(compare(pair.server), "");
  EXPECT_EQ(row_of(pair.server).inet_diag_msg_rqueue, 5000U);
  ASSERT_EQ(::fcntl(pair.client.get(), F_SETFL, O_NONBLOCK), 0);
  const std::vector<std::byte> much(1 << 20);
  while (core::send_some(pair.client, much).value_or(0) > 0) {
  }
  EXPECT_EQ(compare(pair.client), "");  // with a zero window probe or a retransmission pending
  EXPECT_EQ(compare(pair.server), "");
  record::Row row = row_of(pair.client);
  for (int i = 0; i < 200 && row.tcp_info_busy_time == 0; ++i) {  // counted in ticks
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    row = row_of(pair.client);
  }
  EXPECT_GT(row.tcp_info_not_sent_bytes, 0U);
  EXPECT_GT(row.tcp_info_busy_time, 0U);
  EXPECT_NE(row.inet_diag_msg_timer, 0U);
}

TEST_F(SocketPassFields, tell_the_options_that_were_set) {
  const Pair pair = connect_pair("[::1]:0");
  const core::Fd& socket = pair.client;
  set(socket, SOL_SOCKET, SO_MARK, 4711);
  set(socket, SOL_SOCKET, SO_PRIORITY, 5);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_IP, IP_TOS, 0x10);
  set(socket, IPPROTO_IPV6, IPV6_TCLASS, 0x20);
  set(socket, IPPROTO_IP, IP_FREEBIND, 1);
  set(socket, IPPROTO_IP, IP_RECVERR, 1);
  set(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  EXPECT_EQ(compare(socket), "");
  const record::Row row = row_of(socket);
  EXPECT_EQ(row.mark, 4711U);
  EXPECT_EQ(row.traffic_class, 0x20U);
  EXPECT_EQ(row.inet_diag_msg_timer, 2U);
}

TEST_F(SocketPassFields, tell_nodelay_and_cork_which_tcp_info_does_not) {
  const Pair pair = connect_pair();
  EXPECT_FALSE(row_of(pair.client).nodelay);
  EXPECT_FALSE(row_of(pair.client).corked);
  set(pair.client, IPPROTO_TCP, TCP_NODELAY, 1);
  EXPECT_TRUE(row_of(pair.client).nodelay);
  set(pair.client, IPPROTO_TCP, TCP_CORK, 1);
  EXPECT_TRUE(row_of(pair.client).corked);
  EXPECT_TRUE(row_of(pair.client).knows(record::Block::options));
  EXPECT_FALSE(row_of(pair.server).nodelay);
}

TEST_F(SocketPassFields, name_the_congestion_control_and_what_bbr_thinks) {
  const Pair pair = connect_pair();
  const auto use = [&](std::string_view name) {
    return ::setsockopt(pair.client.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), static_cast<socklen_t>(name.size())) == 0;
  };
  ASSERT_TRUE(use("reno"));
  EXPECT_EQ(row_of(pair.client).congestion_algorithm_string.view(), "reno");
  EXPECT_EQ(row_of(pair.client).congestion_algorithm_enum, record::CongestionAlgorithm::unspecified);
  EXPECT_TRUE(row_of(pair.client).knows(record::Block::congestion));
  EXPECT_FALSE(row_of(pair.client).knows(record::Block::bbr_info));
  if (!use("bbr")) UNCORK_SKIP_TEST("this kernel has no bbr");
  talk(pair);
  EXPECT_EQ(row_of(pair.client).congestion_algorithm_string.view(), "bbr");
  EXPECT_EQ(row_of(pair.client).congestion_algorithm_enum, record::CongestionAlgorithm::bbr1);
  EXPECT_TRUE(row_of(pair.client).knows(record::Block::bbr_info));
  EXPECT_EQ(compare(pair.client), "");
}

TEST_F(SocketPassFields, follow_a_connection_that_closes) {
  Pair pair = connect_pair();
  talk(pair);
  ASSERT_EQ(::shutdown(pair.client.get(), SHUT_WR), 0);
  EXPECT_EQ(compare(pair.client), "");
  EXPECT_EQ(compare(pair.server), "");
  const std::uint32_t state = row_of(pair.client).inet_diag_msg_state;
  EXPECT_TRUE(state == 4 || state == 5) << state;  // FIN_WAIT1 until the FIN is acknowledged, FIN_WAIT2
  EXPECT_EQ(row_of(pair.client).shutdown_state, 2U);
  EXPECT_EQ(row_of(pair.server).inet_diag_msg_state, 8U);  // CLOSE_WAIT
}

TEST_F(SocketPassFields, that_the_pass_cannot_know_are_unknown) {
  const Pair pair = connect_pair();
  const record::Row row = row_of(pair.client);
  for (const record::Block block : {record::Block::ledger, record::Block::vegas_info, record::Block::dctcp_info,
                                    record::Block::nsid, record::Block::traffic_class, record::Block::reset}) {
    EXPECT_FALSE(row.knows(block)) << record::name_of(block);
  }
}

}  // namespace
}  // namespace uncork::probe
