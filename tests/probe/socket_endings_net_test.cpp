// How real connections end, and which never come to be.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <optional>
#include <thread>

#include "core/syscall.hpp"
#include "link/device.hpp"
#include "link/namespace.hpp"
#include "probe/full_listeners.hpp"
#include "probe/namespaces.hpp"
#include "probe/socket_endings.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/passed.hpp"

namespace uncork::probe {
namespace {

using record::CloseReason;
using testing::connect_pair;
using testing::cookie_of;
using testing::Pair;

constexpr core::Micros kPatience = std::chrono::seconds(20);

class SocketEndingsTest : public testing::Passed {
 protected:
  void SetUp() override {
    Passed::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto attached = SocketEndings::attach(texts_);
    ASSERT_TRUE(attached) << attached.error().message;
    endings_ = std::move(*attached);
  }

  /// Reads on until `done`.
  template <typename Done>
  void read_until(Done done) {
    const core::Time deadline = core::MonotonicClock::now() + kPatience;
    while (!done() && core::MonotonicClock::now() < deadline) {
      const auto status = endings_->consume();
      ASSERT_TRUE(status) << status.error().message;
      std::vector<record::Row> rows;
      endings_->collect([](std::uint64_t) { return record::Row{}; }, rows);
      for (const record::Row& row : rows) rows_by_cookie_[row.inet_diag_msg_socket_cookie] = row;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_TRUE(done()) << "not told in time";
  }

  Ending ending_of(std::uint64_t cookie) {
    std::optional<Ending> ending;
    read_until([&] {
      if (auto told = endings_->ending_of(cookie); told && told->reason != CloseReason::unknown) ending = told;
      return ending.has_value();
    });
    return ending.value_or(Ending{});
  }

  record::Row last_row_of(std::uint64_t cookie) {
    read_until([&] { return rows_by_cookie_.contains(cookie); });
    return rows_by_cookie_[cookie];
  }

  /// A connect that does not wait.
  static core::Fd begin_connect(const core::Endpoint& to, int syn_retries) {
    core::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    EXPECT_TRUE(core::set_option(socket, IPPROTO_TCP, TCP_SYNCNT, syn_retries));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    std::memcpy(&address.sin_addr, to.bytes.data(), sizeof address.sin_addr);
    EXPECT_TRUE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
                errno == EINPROGRESS);
    return socket;
  }

  std::unique_ptr<SocketEndings> endings_;
  std::map<std::uint64_t, record::Row> rows_by_cookie_;
};

TEST_F(SocketEndingsTest, calls_it_fin_when_both_ends_close_and_has_their_counters) {
  Pair pair = connect_pair();
  const std::uint64_t client = cookie_of(pair.client);
  const std::uint64_t server = cookie_of(pair.server);
  std::array<std::byte, 300> request{};
  ASSERT_TRUE(core::send_all(pair.client, request));
  ASSERT_TRUE(core::read_some(pair.server, request));
  pair.client.reset();
  std::array<std::byte, 1> end{};
  ASSERT_TRUE(core::read_some(pair.server, end));
  pair.server.reset();
  EXPECT_EQ(ending_of(client).reason, CloseReason::fin);
  EXPECT_EQ(ending_of(server).reason, CloseReason::fin);
  const record::Row sent = last_row_of(client);
  const record::Row read = last_row_of(server);
  EXPECT_EQ(sent.tcp_info_bytes_sent, request.size());
  EXPECT_EQ(sent.tcp_info_bytes_acked, request.size() + 2) << "with its SYN and its FIN, as the kernel counts";
  EXPECT_EQ(read.tcp_info_bytes_received, request.size() + 1);
  EXPECT_EQ(sent.close_reason, CloseReason::fin);
  EXPECT_EQ(sent.row_kind, record::RowKind::closed);
  EXPECT_EQ(sent.inet_diag_msg_socket_source_port, read.inet_diag_msg_socket_destination_port);
  EXPECT_NE(sent.inet_diag_msg_socket_source_port, 0U);
}

TEST_F(SocketEndingsTest, tells_of_a_listener_that_stops) {
  auto listener = core::tcp_listen(core::parse_endpoint("127.0.0.1:0").value());
  ASSERT_TRUE(listener) << listener.error().message;
  const std::uint64_t cookie = cookie_of(*listener);
  const std::uint16_t port = core::local_endpoint(*listener).value().port;
  listener->reset();
  const record::Row last = last_row_of(cookie);
  EXPECT_EQ(last.row_kind, record::RowKind::closed);
  EXPECT_EQ(last.inet_diag_msg_socket_source_port, port);
  EXPECT_EQ(last.netns_inode, own_namespace().value());
  EXPECT_EQ(last.netns_cookie, own_namespace_cookie());
}

TEST_F(SocketEndingsTest, tells_both_sides_of_an_abort_with_counters_and_addresses) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    SCOPED_TRACE(address);
    Pair pair = connect_pair(address);
    const std::uint64_t client = cookie_of(pair.client);
    const std::uint64_t server = cookie_of(pair.server);
    const core::Endpoint local = pair.client_address();
    const std::array<std::byte, 300> request{};
    ASSERT_TRUE(core::send_all(pair.client, request));
    std::array<std::byte, 300> got{};
    ASSERT_TRUE(core::read_some(pair.server, got));
    const linger now{1, 0};
    ASSERT_EQ(::setsockopt(pair.client.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    pair.client.reset();
    const record::Row sent = last_row_of(client);
    EXPECT_EQ(sent.row_kind, record::RowKind::closed);
    EXPECT_EQ(sent.close_reason, CloseReason::reset_sent);
    EXPECT_TRUE(sent.last_row);
    EXPECT_TRUE(sent.knows(record::Block::reset));
    EXPECT_EQ(sent.reset_reason, 14U);  // SK_RST_REASON_TCP_STATE, as tcp_disconnect() has it
    EXPECT_EQ(sent.tcp_info_bytes_sent, 300U);
    EXPECT_EQ(sent.inet_diag_msg_socket_source, local.bytes);
    EXPECT_EQ(sent.inet_diag_msg_socket_source_port, local.port);
    const record::Row received = last_row_of(server);
    EXPECT_EQ(received.close_reason, CloseReason::reset_received);
    EXPECT_EQ(received.tcp_info_bytes_received, 300U);
    EXPECT_EQ(received.inet_diag_msg_socket_destination, local.bytes);
    EXPECT_EQ(received.inet_diag_msg_socket_destination_port, local.port);
  }
}

TEST_F(SocketEndingsTest, gives_the_kernels_reason_for_closing_with_unread_data) {
  Pair pair = connect_pair();
  const std::uint64_t server = cookie_of(pair.server);
  const std::array<std::byte, 10> request{};
  ASSERT_TRUE(core::send_all(pair.client, request));
  ASSERT_TRUE(core::wait_readable(pair.server, core::MonotonicClock::now() + kPatience).value_or(false));
  pair.server.reset();
  const record::Row row = last_row_of(server);
  EXPECT_EQ(row.close_reason, CloseReason::reset_sent);
  EXPECT_EQ(row.reset_reason, 11U);  // SK_RST_REASON_TCP_ABORT_ON_CLOSE
}

TEST_F(SocketEndingsTest, sees_a_connection_that_was_refused) {
  core::Endpoint nobody;
  {
    const auto listener = core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
    nobody = *core::local_endpoint(*listener);
  }
  const core::Fd socket = begin_connect(nobody, 1);
  const record::Row row = last_row_of(cookie_of(socket));
  EXPECT_EQ(row.row_kind, record::RowKind::never_connected);
  EXPECT_EQ(row.close_reason, CloseReason::refused);
  EXPECT_EQ(row.inet_diag_msg_socket_destination_port, nobody.port);
  EXPECT_EQ(row.inet_diag_msg_socket_destination, nobody.bytes);
  EXPECT_EQ(row.inet_diag_msg_state, 2U);  // SYN_SENT: as far as it came
  EXPECT_EQ(row.pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_FALSE(row.command.empty());
  EXPECT_TRUE(ending_of(cookie_of(socket)).never_connected);
}

TEST_F(SocketEndingsTest, sees_a_connection_that_nobody_answered_time_out_and_one_that_was_given_up) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("needs root to make a namespace");
  auto space = link::Namespace::make();
  ASSERT_TRUE(space) << space.error().message;
  core::Fd device;
  core::Fd waits;
  core::Fd gives_up;
  const auto status = space->inside([&]() -> core::Status {
    auto tunnel = link::make_tunnel(100);  // whose packets nobody reads
    if (!tunnel) return core::fail(tunnel.error());
    device = std::move(*tunnel);
    if (auto up = link::bring_up(link::kDevice, *core::parse_endpoint("198.18.0.1:1"), 1500); !up) return up;
    waits = begin_connect(*core::parse_endpoint("198.18.0.2:8001"), 1);
    gives_up = begin_connect(*core::parse_endpoint("198.18.0.2:8002"), 5);
    return {};
  });
  ASSERT_TRUE(status) << status.error().message;
  const std::uint64_t given_up = cookie_of(gives_up);
  const std::uint64_t timed_out = cookie_of(waits);
  const record::Row timeout = last_row_of(timed_out);  // a second, then two
  EXPECT_EQ(timeout.row_kind, record::RowKind::never_connected);
  EXPECT_EQ(timeout.close_reason, CloseReason::timeout);
  EXPECT_GE(timeout.tcp_info_total_retrans, 1U);
  tcp_info info{};
  socklen_t size = sizeof info;
  ASSERT_EQ(::getsockopt(waits.get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  EXPECT_EQ(timeout.tcp_info_total_retrans, info.tcpi_total_retrans);
  EXPECT_EQ(timeout.netns_inode, *space->inode());
  EXPECT_EQ(timeout.pid, static_cast<std::uint32_t>(::getpid()));
  gives_up.reset();
  const record::Row aborted = last_row_of(given_up);
  EXPECT_EQ(aborted.close_reason, CloseReason::aborted);
  EXPECT_GE(aborted.tcp_info_total_retrans, 1U);
}

TEST_F(SocketEndingsTest, blames_a_listener_on_this_machine_whose_queue_is_full) {
  const core::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  const core::Endpoint at = *core::local_endpoint(listener);
  const auto fits = core::tcp_connect(at);
  ASSERT_TRUE(fits);
  const core::Fd waits = begin_connect(at, 1);
  std::vector<record::Row> failed = {last_row_of(cookie_of(waits))};
  EXPECT_EQ(failed[0].close_reason, CloseReason::timeout);
  blame_full_listeners(look(), failed, Requests::leave);
  EXPECT_EQ(failed[0].close_reason, CloseReason::accept_overflow);
}

TEST_F(SocketEndingsTest, loses_none_of_a_thousand) {
  std::vector<std::uint64_t> cookies;
  for (int i = 0; i < 500; ++i) {
    Pair pair = connect_pair();
    cookies.push_back(cookie_of(pair.client));
    cookies.push_back(cookie_of(pair.server));
  }
  for (const std::uint64_t cookie : cookies) EXPECT_NE(ending_of(cookie).reason, CloseReason::unknown);
  EXPECT_EQ(endings_->lost(), 0U);
  EXPECT_TRUE(endings_->limits().empty());
}

}  // namespace
}  // namespace uncork::probe
