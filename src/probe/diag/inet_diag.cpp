#include "probe/diag/inet_diag.hpp"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace uncork::probe {
namespace {

// Nothing flows in TIME_WAIT.
constexpr StateSet kListening = state_bit(TcpState::listen);
constexpr StateSet kConnected = state_bit(TcpState::established) | state_bit(TcpState::syn_sent) |
                                state_bit(TcpState::syn_received) | state_bit(TcpState::fin_wait1) |
                                state_bit(TcpState::fin_wait2) | state_bit(TcpState::close) | state_bit(TcpState::close_wait) |
                                state_bit(TcpState::last_ack) | state_bit(TcpState::closing);

core::Endpoint endpoint_of(std::uint8_t family, const __be32 (&address)[4], __be16 port) {
  core::Endpoint endpoint;
  endpoint.family = family == AF_INET ? core::Endpoint::Family::v4 : core::Endpoint::Family::v6;
  std::memcpy(endpoint.bytes.data(), address, family == AF_INET ? 4 : 16);
  endpoint.port = ntohs(port);
  return endpoint;
}

core::Status read_socket(const NetlinkMessage& from, core::Time at, SocketList& into) {
  const auto message = read_as<inet_diag_msg>(from.payload);
  if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6) return {};
  DiagSocket socket;
  socket.at = at;
  socket.local = endpoint_of(message.idiag_family, message.id.idiag_src, message.id.idiag_sport);
  socket.remote = endpoint_of(message.idiag_family, message.id.idiag_dst, message.id.idiag_dport);
  socket.state = static_cast<TcpState>(message.idiag_state);
  socket.cookie = message.id.idiag_cookie[0] | std::uint64_t{message.id.idiag_cookie[1]} << 32;
  socket.uid = message.idiag_uid;
  socket.inode = message.idiag_inode;
  auto read = for_each_attribute(from.payload.subspan(sizeof message), from.offset + sizeof message,
                                 [&](unsigned type, std::span<const std::byte> value, std::size_t /*offset*/) {
                                   if (type == INET_DIAG_INFO) socket.info = decode_tcp_info(value);
                                 });
  if (!read) return read;
  into.sockets.push_back(socket);
  return {};
}

}  // namespace

core::Result<Reply> read_reply(std::span<const std::byte> datagram, std::uint32_t sequence, core::Time at, SocketList& into) {
  return read_dump_reply(datagram, sequence, into.interrupted,
                         [&](const NetlinkMessage& message) { return read_socket(message, at, into); });
}

core::Result<InetDiag> InetDiag::open() {
  auto channel = DiagChannel::open();
  if (!channel) return core::fail(channel.error());
  return InetDiag(std::move(*channel));
}

core::Status InetDiag::list(const SocketFilter& filter, SocketList& into) {
  for (int tries = 1;; ++tries) {
    if (auto listed = list_once(filter, into); !listed) return listed;
    if (!into.interrupted || tries == kTries) return {};
  }
}

core::Status InetDiag::list_once(const SocketFilter& filter, SocketList& into) {
  into.sockets.clear();
  into.interrupted = false;
  ++sequence_;
  const DumpDatagram request({.extensions = 1U << (INET_DIAG_INFO - 1),
                              .states = (filter.connected ? kConnected : 0) | (filter.listening ? kListening : 0),
                              .port = filter.port,
                              .sequence = sequence_});
  if (auto sent = channel_.send(request.bytes()); !sent) return sent;
  for (;;) {
    const auto part = receive_dump(channel_, buffer_);
    if (!part) return core::fail(part.error());
    const auto reply = read_reply(*part, sequence_, core::MonotonicClock::now(), into);
    if (!reply) return core::fail(reply.error());
    if (*reply == Reply::complete) return {};
  }
}

}  // namespace uncork::probe
