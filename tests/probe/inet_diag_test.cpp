#include "probe/diag/inet_diag.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <rapidcheck.h>
#include <sys/socket.h>

#include <cstring>
#include <string>
#include <vector>

namespace uncork::probe {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kSequence = 7;
const core::Time kNow(std::chrono::seconds(100));

/// A datagram as the kernel writes it, message by message.
class Datagram {
 public:
  Datagram& message(std::uint16_t type, std::span<const std::byte> payload, std::uint16_t flags = NLM_F_MULTI,
                    std::uint32_t sequence = kSequence) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    header.nlmsg_seq = sequence;
    append(std::as_bytes(std::span(&header, 1)));
    append(payload);
    bytes_.resize((bytes_.size() + 3) & ~std::size_t{3});
    return *this;
  }
  Datagram& number(std::uint16_t type, int value) { return message(type, std::as_bytes(std::span(&value, 1))); }

  [[nodiscard]] core::Result<Reply> read(SocketList& into) const { return read_reply(bytes_, kSequence, kNow, into); }
  [[nodiscard]] std::vector<std::byte>& bytes() { return bytes_; }

 private:
  void append(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

  std::vector<std::byte> bytes_;
};

void add_attribute(std::vector<std::byte>& to, std::uint16_t type, std::span<const std::byte> payload) {
  nlattr header{};
  header.nla_len = static_cast<std::uint16_t>(sizeof header + payload.size());
  header.nla_type = type;
  const auto bytes = std::as_bytes(std::span(&header, 1));
  to.insert(to.end(), bytes.begin(), bytes.end());
  to.insert(to.end(), payload.begin(), payload.end());
  to.resize((to.size() + 3) & ~std::size_t{3});
}

std::vector<std::byte> socket_message(int family = AF_INET) {
  inet_diag_msg message{};
  message.idiag_family = static_cast<std::uint8_t>(family);
  message.idiag_state = static_cast<std::uint8_t>(TcpState::close_wait);
  inet_pton(family, family == AF_INET ? "127.0.0.1" : "::1", message.id.idiag_src);
  inet_pton(family, family == AF_INET ? "127.0.0.2" : "2001:db8::5", message.id.idiag_dst);
  message.id.idiag_sport = htons(8001);
  message.id.idiag_dport = htons(45678);
  message.id.idiag_cookie[0] = 0x11223344;
  message.id.idiag_cookie[1] = 0x55;
  message.idiag_uid = 1000;
  message.idiag_inode = 4711;
  const auto bytes = std::as_bytes(std::span(&message, 1));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> socket_with_info(std::uint8_t unacked) {
  std::vector<std::byte> socket = socket_message();
  const std::byte shutdown[] = {std::byte{2}};
  add_attribute(socket, INET_DIAG_SHUTDOWN, shutdown);
  std::vector<std::byte> info(280);
  info[24] = std::byte{unacked};
  add_attribute(socket, INET_DIAG_INFO, info);
  return socket;
}

TEST(InetDiag, reads_a_socket_with_its_tcp_info) {
  SocketList list;
  const auto reply = Datagram().message(TCPDIAG_GETSOCK, socket_with_info(3)).read(list);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(*reply, Reply::more);
  ASSERT_EQ(list.sockets.size(), 1U);
  const DiagSocket& socket = list.sockets[0];
  EXPECT_EQ(socket.at, kNow);
  EXPECT_EQ(core::to_string(socket.local), "127.0.0.1:8001");
  EXPECT_EQ(core::to_string(socket.remote), "127.0.0.2:45678");
  EXPECT_EQ(socket.state, TcpState::close_wait);
  EXPECT_EQ(socket.cookie, 0x5511223344U);
  EXPECT_EQ(socket.uid, 1000U);
  EXPECT_EQ(socket.inode, 4711U);
  ASSERT_TRUE(socket.info);
  EXPECT_EQ(socket.info->length, 280U);
  EXPECT_EQ(socket.info->unacked, 3U);
}

TEST(InetDiag, reads_ipv6_and_passes_over_other_families) {
  SocketList list;
  const auto reply = Datagram()
                         .message(SOCK_DIAG_BY_FAMILY, socket_message(AF_INET6))
                         .message(SOCK_DIAG_BY_FAMILY, socket_message(AF_UNIX))
                         .read(list);
  ASSERT_TRUE(reply) << reply.error().message;
  ASSERT_EQ(list.sockets.size(), 1U);
  EXPECT_EQ(core::to_string(list.sockets[0].local), "[::1]:8001");
  EXPECT_EQ(core::to_string(list.sockets[0].remote), "[2001:db8::5]:45678");
  EXPECT_FALSE(list.sockets[0].info);
}

TEST(InetDiag, is_complete_at_the_end_message_and_reads_nothing_behind_it) {
  SocketList list;
  const auto reply = Datagram()
                         .message(TCPDIAG_GETSOCK, socket_with_info(1))
                         .number(NLMSG_DONE, 0)
                         .message(TCPDIAG_GETSOCK, socket_with_info(1))
                         .read(list);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(*reply, Reply::complete);
  EXPECT_EQ(list.sockets.size(), 1U);
  EXPECT_EQ(Datagram().message(NLMSG_DONE, {}).read(list), Reply::complete) << "old kernels send it empty";
}

TEST(InetDiag, reports_the_kernels_refusal) {
  SocketList list;
  const auto denied = Datagram().number(NLMSG_ERROR, -EPERM).read(list);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, core::ErrorCode::not_permitted);
  const auto late = Datagram().number(NLMSG_DONE, -ENOMEM).read(list);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().system_errno, ENOMEM);
  const auto missing = Datagram().number(NLMSG_ERROR, -ENOENT).read(list);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, core::ErrorCode::not_supported);
  EXPECT_THAT(missing.error().message, HasSubstr("CONFIG_INET_TCP_DIAG"));
}

TEST(InetDiag, notes_that_a_list_was_interrupted) {
  SocketList list;
  ASSERT_TRUE(Datagram().message(TCPDIAG_GETSOCK, socket_message(), NLM_F_MULTI | NLM_F_DUMP_INTR).read(list));
  EXPECT_TRUE(list.interrupted);
}

TEST(InetDiag, passes_over_answers_to_other_requests) {
  SocketList list;
  const auto reply = Datagram().message(TCPDIAG_GETSOCK, socket_message(), NLM_F_MULTI, kSequence - 1).read(list);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(list.sockets.empty());
}

TEST(InetDiag, refuses_lengths_that_do_not_fit_and_names_the_byte) {
  const auto refused = [](std::vector<std::byte> socket, std::size_t cut = 0) {
    SocketList list;
    Datagram datagram;
    datagram.message(TCPDIAG_GETSOCK, socket);
    datagram.bytes().resize(datagram.bytes().size() - cut);
    const auto reply = datagram.read(list);
    EXPECT_FALSE(reply);
    EXPECT_TRUE(list.sockets.empty());
    return reply ? std::string() : reply.error().message;
  };
  EXPECT_THAT(refused(socket_with_info(1), 100), HasSubstr("at byte 0: a message of"));
  EXPECT_THAT(refused(std::vector<std::byte>(40)), HasSubstr("at byte 16: a socket of 40 bytes"));

  auto long_attribute = socket_with_info(1);
  const std::uint16_t beyond = 285;
  std::memcpy(long_attribute.data() + sizeof(inet_diag_msg) + 8, &beyond, sizeof beyond);
  EXPECT_THAT(refused(long_attribute), HasSubstr("at byte 96: an attribute of 285 bytes where 284 are left"));

  auto no_attribute = socket_with_info(1);
  const std::uint16_t nothing = 0;
  std::memcpy(no_attribute.data() + sizeof(inet_diag_msg), &nothing, sizeof nothing);
  EXPECT_THAT(refused(no_attribute), HasSubstr("at byte 88: an attribute of 0 bytes"));
}

TEST(InetDiag, refuses_a_message_length_that_libmnl_takes_for_negative) {
  Datagram datagram;
  datagram.message(TCPDIAG_GETSOCK, socket_message());
  const std::uint32_t huge = 0xfffffff0;
  std::memcpy(datagram.bytes().data(), &huge, sizeof huge);
  SocketList list;
  EXPECT_FALSE(datagram.read(list));
}

TEST(InetDiag, reads_a_reply_of_any_alignment) {
  Datagram datagram;
  datagram.message(TCPDIAG_GETSOCK, socket_with_info(9));
  datagram.bytes().insert(datagram.bytes().begin(), std::byte{0});
  SocketList list;
  ASSERT_TRUE(read_reply(std::span(datagram.bytes()).subspan(1), kSequence, kNow, list));
  EXPECT_EQ(list.sockets.at(0).info->unacked, 9U);
}

TEST(InetDiag, survives_any_change_to_a_good_reply) {
  EXPECT_TRUE(rc::check([] {
    Datagram datagram;
    datagram.message(TCPDIAG_GETSOCK, socket_with_info(1)).message(TCPDIAG_GETSOCK, socket_with_info(2)).number(NLMSG_DONE, 0);
    auto& bytes = datagram.bytes();
    for (int i = *rc::gen::inRange(1, 6); i > 0; --i) {
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = static_cast<std::byte>(*rc::gen::arbitrary<std::uint8_t>());
    }
    bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    bytes.shrink_to_fit();  // so that a sanitizer sees every byte read beyond
    SocketList list;
    const auto reply = datagram.read(list);
    RC_ASSERT(list.sockets.size() <= 2U);
    RC_ASSERT((reply || !reply.error().message.empty()));
  }));
}

}  // namespace
}  // namespace uncork::probe
