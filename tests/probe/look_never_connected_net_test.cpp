// Connections that never come to be, as looks tell of them: at the end that asks and at the end that is asked.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/syscall.hpp"
#include "link/device.hpp"
#include "tests/probe/diag_reference.hpp"
#include "tests/probe/watched_ends.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::CloseReason;
using record::Row;
using record::RowKind;
using testing::cookie_of;

constexpr std::uint16_t kPort = 8001;

/// A TCP segment without data from 198.18.0.2 to our end of the tunnel.
class Segment {
 public:
  Segment(std::uint16_t from_port, std::uint32_t sequence, std::uint32_t acknowledged, bool syn) {
    ip_.ihl = 5;
    ip_.version = 4;
    ip_.tot_len = htons(sizeof ip_ + sizeof tcp_);
    ip_.ttl = 64;
    ip_.protocol = IPPROTO_TCP;
    ip_.saddr = inet_addr("198.18.0.2");
    ip_.daddr = inet_addr("198.18.0.1");
    ip_.check = sum(&ip_, sizeof ip_, 0);
    tcp_.source = htons(from_port);
    tcp_.dest = htons(kPort);
    tcp_.seq = htonl(sequence);
    tcp_.ack_seq = htonl(acknowledged);
    tcp_.doff = 5;
    tcp_.syn = syn ? 1 : 0;
    tcp_.ack = syn ? 0 : 1;
    tcp_.window = htons(1000);
    tcp_.check = sum(&tcp_, sizeof tcp_, sum_of(&ip_.saddr, 8) + htons(IPPROTO_TCP) + htons(sizeof tcp_));
  }
  void write_to(const core::Fd& tunnel) const {
    std::array<std::byte, sizeof(iphdr) + sizeof(tcphdr)> packet{};
    std::memcpy(packet.data(), &ip_, sizeof ip_);
    std::memcpy(packet.data() + sizeof ip_, &tcp_, sizeof tcp_);
    ASSERT_EQ(::write(tunnel.get(), packet.data(), packet.size()), static_cast<ssize_t>(packet.size()));
  }

 private:
  static std::uint32_t sum_of(const void* bytes, std::size_t size) {
    std::uint32_t total = 0;
    for (std::size_t i = 0; i < size; i += 2) {
      std::uint16_t word = 0;
      std::memcpy(&word, static_cast<const char*>(bytes) + i, sizeof word);
      total += word;
    }
    return total;
  }
  static std::uint16_t sum(const void* bytes, std::size_t size, std::uint32_t start) {
    std::uint32_t total = start + sum_of(bytes, size);
    while (total >> 16 != 0) total = (total & 0xffff) + (total >> 16);
    return static_cast<std::uint16_t>(~total);
  }

  iphdr ip_{};
  tcphdr tcp_{};
};

class NeverConnected : public testing::WatchedEnds {
 protected:
  /// A connect that does not wait; its error, if it has one at once.
  static core::Fd begin_connect(const core::Endpoint& to, int syn_retries) {
    core::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    EXPECT_TRUE(core::set_option(socket, IPPROTO_TCP, TCP_SYNCNT, syn_retries));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    std::memcpy(&address.sin_addr, to.bytes.data(), sizeof address.sin_addr);
    EXPECT_NE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return socket;
  }

  static core::Fd listen(const char* address, int backlog) {
    core::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = inet_addr(address);
    at.sin_port = htons(kPort);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(listener.get(), backlog), 0);
    return listener;
  }

  void make_tunnel() {
    inside([&] {
      auto made = link::make_tunnel(100);
      ASSERT_TRUE(made) << made.error().message;
      tunnel_ = std::move(*made);
      ASSERT_TRUE(link::bring_up(link::kDevice, *core::parse_endpoint("198.18.0.1:1"), 1500));
      const core::Fd setting(::open("/proc/sys/net/ipv4/tcp_synack_retries", O_WRONLY | O_CLOEXEC));
      ASSERT_EQ(::write(setting.get(), "1", 1), 1);
    });
  }

  /// The sequence number of the SYN-ACK that our listener sends to `port`.
  std::uint32_t answer_to(std::uint16_t port) {
    const core::Time deadline = core::MonotonicClock::now() + kPatience;
    while (core::wait_readable(tunnel_, deadline).value_or(false)) {
      std::array<std::byte, 2048> packet{};
      if (::read(tunnel_.get(), packet.data(), packet.size()) < static_cast<ssize_t>(sizeof(iphdr) + sizeof(tcphdr))) continue;
      tcphdr tcp{};
      std::memcpy(&tcp, packet.data() + sizeof(iphdr), sizeof tcp);
      if ((std::to_integer<int>(packet[0]) >> 4) == 4 && tcp.syn && tcp.ack && ntohs(tcp.dest) == port) return ntohl(tcp.seq);
    }
    ADD_FAILURE() << "no answer to the SYN from port " << port;
    return 0;
  }

  [[nodiscard]] std::optional<Row> end_from_port(std::uint16_t port) const {
    for (const auto& [cookie, rows] : ends_) {
      if (rows[0].inet_diag_msg_socket_destination_port == port) return rows[0];
    }
    return std::nullopt;
  }

  core::Fd tunnel_;
};
INSTANTIATE_TEST_SUITE_P(Both, NeverConnected, ::testing::Values(UseBpf::no, UseBpf::yes));

TEST_P(NeverConnected, says_that_a_connection_was_refused) {
  open();
  core::Fd socket;
  inside([&] { socket = begin_connect(*core::parse_endpoint("127.0.0.1:8001"), 1); });
  const std::uint64_t cookie = cookie_of(socket);
  if (by_bpf()) (void)end_of(cookie);  // while the socket is still held
  socket.reset();
  for (int again = 0; again < 3; ++again) look();
  const Row row = end_of(cookie);
  EXPECT_EQ(row.row_kind, RowKind::never_connected);
  EXPECT_EQ(row.close_reason, CloseReason::refused);
  EXPECT_EQ(row.inet_diag_msg_socket_destination_port, kPort);
  if (by_bpf()) {
    EXPECT_EQ(row.pid, static_cast<std::uint32_t>(::getpid()));
  }
}

TEST_P(NeverConnected, tells_of_one_refusal_after_the_other_on_the_same_socket) {
  open();
  core::Fd socket;
  inside([&] { socket = begin_connect(*core::parse_endpoint("127.0.0.1:8001"), 1); });
  const std::uint64_t cookie = cookie_of(socket);
  if (by_bpf()) (void)end_of(cookie);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int error = 0; error != EINPROGRESS;) {  // the first only tells of the refusal
    ASSERT_NE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    error = errno;
    ASSERT_TRUE(error == EINPROGRESS || error == ECONNREFUSED);
  }
  if (by_bpf()) {
    look_until([&] { return ends_[cookie].size() == 2; });
  } else {
    look();
    socket.reset();  // a close event comes once a socket
    (void)end_of(cookie);
  }
  EXPECT_EQ(ends_[cookie].size(), by_bpf() ? 2U : 1U);
  EXPECT_EQ(ends_[cookie].back().close_reason, CloseReason::refused);
}

TEST_P(NeverConnected, says_how_often_an_unanswered_connection_was_tried) {
  make_tunnel();
  open();
  core::Fd socket;
  inside([&] { socket = begin_connect(*core::parse_endpoint("198.18.0.2:8001"), 1); });
  const std::uint64_t cookie = cookie_of(socket);
  look();  // it is being made now
  if (by_bpf()) {
    (void)end_of(cookie);  // a second, then two
  } else {
    tcp_info info{};
    socklen_t size = sizeof info;
    do {  // the kernel has given it up when it says so
      look();
      ASSERT_EQ(::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
      ASSERT_TRUE(looker_->wait(core::MonotonicClock::now() + std::chrono::milliseconds(100)));
    } while (info.tcpi_state != TCP_CLOSE);
    socket.reset();
  }
  const Row row = end_of(cookie);
  EXPECT_EQ(row.row_kind, RowKind::never_connected);
  EXPECT_EQ(row.close_reason, CloseReason::timeout);
  EXPECT_GE(row.tcp_info_total_retrans, 1U);
}

TEST_P(NeverConnected, blames_the_full_queue_of_a_listener_and_counts_what_it_dropped) {
  core::Fd listener;
  core::Fd fits;
  core::Fd waits;
  inside([&] { listener = listen("127.0.0.1", 0); });
  open();
  inside([&] {
    fits = *core::tcp_connect(*core::parse_endpoint("127.0.0.1:8001"));
    waits = begin_connect(*core::parse_endpoint("127.0.0.1:8001"), 1);
  });
  const std::uint64_t cookie = cookie_of(waits);
  look_until([&] { return !dropping_listeners_.empty(); });
  ASSERT_FALSE(dropping_listeners_.empty());
  EXPECT_EQ(dropping_listeners_[0].close_reason, CloseReason::accept_overflow);
  EXPECT_EQ(dropping_listeners_[0].inet_diag_msg_socket_source_port, kPort);
  EXPECT_GE(dropping_listeners_[0].sk_mem_info_drops, 1U);
  if (by_bpf()) {
    const Row row = end_of(cookie);
    EXPECT_EQ(row.row_kind, RowKind::never_connected);
    EXPECT_EQ(row.close_reason, CloseReason::accept_overflow);
  }
}

TEST_P(NeverConnected, tells_of_requests_that_nobody_completed) {
  make_tunnel();
  core::Fd listener;
  inside([&] { listener = listen("198.18.0.1", 3); });
  open();
  constexpr std::uint16_t kSilent = 4001;
  constexpr std::uint16_t kTooMany = 4002;
  constexpr std::uint16_t kFits = 4003;  // and the three after it: the queue takes one more than its length
  const auto ask = [&](std::uint16_t port) {
    Segment(port, 1000, 0, true).write_to(tunnel_);
    return answer_to(port);
  };
  const auto answer = [&](std::uint16_t port, std::uint32_t to) { Segment(port, 1001, to + 1, false).write_to(tunnel_); };
  (void)ask(kSilent);
  const std::uint32_t too_many = ask(kTooMany);
  for (std::uint16_t i = 0; i < 4; ++i) {
    const auto port = static_cast<std::uint16_t>(kFits + i);
    answer(port, ask(port));
  }
  answer(kTooMany, too_many);
  look_until([&] { return end_from_port(kSilent) && end_from_port(kTooMany); });  // after 1 and 2 s
  ASSERT_TRUE(end_from_port(kSilent) && end_from_port(kTooMany));
  const Row silent = *end_from_port(kSilent);
  EXPECT_EQ(silent.row_kind, RowKind::never_connected);
  EXPECT_EQ(silent.inet_diag_msg_state, 3U);
  EXPECT_EQ(silent.inet_diag_msg_socket_source_port, kPort);
  EXPECT_GE(silent.inet_diag_msg_retrans, 1U);
  if (by_bpf()) {
    EXPECT_EQ(silent.close_reason, CloseReason::timeout);
  }
  EXPECT_EQ(silent.netns_inode, *spaces_[0].inode());
  EXPECT_EQ(end_from_port(kTooMany)->close_reason, CloseReason::accept_overflow);
  EXPECT_FALSE(end_from_port(kFits));
}

}  // namespace
}  // namespace uncork::probe
