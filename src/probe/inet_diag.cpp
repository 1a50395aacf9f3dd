#include "probe/inet_diag.hpp"

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "core/count.hpp"
#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

constexpr const char* kAttempt = "list TCP sockets (inet_diag)";

// The kernel hands out chunks of at most 32 KiB; smaller buffers cost more calls (measured), a larger one is for kernels with
// large pages.
constexpr std::size_t kBufferBytes = 65536;

constexpr std::uint32_t bit(TcpState state) { return 1U << static_cast<unsigned>(state); }

constexpr std::uint32_t kListening = bit(TcpState::listen);
// Nothing flows in TIME_WAIT. Bit 13, BOUND_INACTIVE, would make the kernel walk another table (measured: 70 us a list).
constexpr std::uint32_t kConnected = bit(TcpState::established) | bit(TcpState::syn_sent) | bit(TcpState::syn_received) |
                                     bit(TcpState::fin_wait1) | bit(TcpState::fin_wait2) | bit(TcpState::close) |
                                     bit(TcpState::close_wait) | bit(TcpState::last_ack) | bit(TcpState::closing);

core::Error malformed(std::size_t byte, const std::string& what) {
  return {core::ErrorCode::system, 0,
          std::string(kAttempt) + ": the kernel's reply is malformed at byte " + std::to_string(byte) + ": " + what};
}

core::Error refused(int err) {
  core::Error error = core::system_error(kAttempt, err);
  if (err == ENOENT || err == EINVAL) {
    error.code = core::ErrorCode::not_supported;
    error.message += "; this needs a kernel with CONFIG_INET_DIAG and CONFIG_INET_TCP_DIAG (modprobe tcp_diag)";
  }
  return error;
}

template <typename T>
T read_as(std::span<const std::byte> bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

constexpr std::size_t aligned(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

core::Endpoint endpoint_of(std::uint8_t family, const __be32 (&address)[4], __be16 port) {
  core::Endpoint endpoint;
  endpoint.family = family == AF_INET ? core::Endpoint::Family::v4 : core::Endpoint::Family::v6;
  std::memcpy(endpoint.bytes.data(), address, family == AF_INET ? 4 : 16);
  endpoint.port = ntohs(port);
  return endpoint;
}

core::Status read_attributes(std::span<const std::byte> attributes, std::size_t offset, DiagSocket& socket) {
  while (attributes.size() >= sizeof(nlattr)) {
    const auto header = read_as<nlattr>(attributes);
    if (header.nla_len < sizeof(nlattr) || header.nla_len > attributes.size()) {
      return core::fail(malformed(offset, "an attribute of " + core::count_of(header.nla_len, "byte") + " where " +
                                              core::count_of(attributes.size(), "is", "are") + " left"));
    }
    if ((header.nla_type & NLA_TYPE_MASK) == INET_DIAG_INFO) {
      socket.info = decode_tcp_info(attributes.subspan(sizeof header, header.nla_len - sizeof header));
    }
    const std::size_t step = std::min(aligned(header.nla_len), attributes.size());
    attributes = attributes.subspan(step);
    offset += step;
  }
  return {};
}

core::Status read_socket(std::span<const std::byte> payload, std::size_t offset, core::Time at, SocketList& into) {
  if (payload.size() < sizeof(inet_diag_msg)) {
    return core::fail(malformed(offset, "a socket of " + core::count_of(payload.size(), "byte")));
  }
  const auto message = read_as<inet_diag_msg>(payload);
  if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6) return {};
  DiagSocket socket;
  socket.at = at;
  socket.local = endpoint_of(message.idiag_family, message.id.idiag_src, message.id.idiag_sport);
  socket.remote = endpoint_of(message.idiag_family, message.id.idiag_dst, message.id.idiag_dport);
  socket.state = static_cast<TcpState>(message.idiag_state);
  socket.cookie = message.id.idiag_cookie[0] | std::uint64_t{message.id.idiag_cookie[1]} << 32;
  socket.uid = message.idiag_uid;
  socket.inode = message.idiag_inode;
  if (auto read = read_attributes(payload.subspan(sizeof message), offset + sizeof message, socket); !read) return read;
  into.sockets.push_back(socket);
  return {};
}

// NLMSG_ERROR and NLMSG_DONE begin with an errno, negative or 0. A DONE without one is a success.
core::Result<int> errno_of(std::span<const std::byte> payload, std::size_t offset, bool optional) {
  if (payload.size() < sizeof(int)) {
    if (optional) return 0;
    return core::fail(malformed(offset, "an error without its number"));
  }
  const int negative = read_as<int>(payload);
  return negative < 0 && negative > -4096 ? -negative : 0;
}

// Accepts when either port is `port`, in operations that every kernel knows: a jump is relative and, past the end, says no.
std::array<inet_diag_bc_op, 9> port_filter(std::uint16_t port) {
  const inet_diag_bc_op value{0, 0, port};
  return {{
      {INET_DIAG_BC_S_GE, 8, 20},
      value,  // from port <= local: else try the remote
      {INET_DIAG_BC_S_LE, 8, 12},
      value,                      //
      {INET_DIAG_BC_JMP, 4, 20},  // the end: yes
      {INET_DIAG_BC_D_GE, 8, 20},
      value,  //
      {INET_DIAG_BC_D_LE, 8, 12},
      value,  //
  }};
}

nlmsghdr* put_request(std::span<std::byte> into, const SocketFilter& filter, std::uint32_t sequence) {
  nlmsghdr* header = mnl_nlmsg_put_header(into.data());
  // The old request: it alone lists IPv4 and IPv6 in one walk.
  header->nlmsg_type = TCPDIAG_GETSOCK;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header->nlmsg_seq = sequence;
  inet_diag_req request{};
  request.idiag_family = AF_INET;
  request.idiag_ext = 1U << (INET_DIAG_INFO - 1);
  request.idiag_states = (filter.connected ? kConnected : 0) | (filter.listening ? kListening : 0);
  std::memcpy(mnl_nlmsg_put_extra_header(header, sizeof request), &request, sizeof request);
  if (filter.port) {
    const auto program = port_filter(*filter.port);
    mnl_attr_put(header, INET_DIAG_REQ_BYTECODE, sizeof program, program.data());
  }
  return header;
}

}  // namespace

// Not libmnl's own walk: mnl_nlmsg_ok of 1.0.4 takes a length above 2 GiB for a negative one and accepts it.
core::Result<Reply> read_reply(std::span<const std::byte> datagram, std::uint32_t sequence, core::Time at, SocketList& into) {
  std::size_t offset = 0;
  while (offset < datagram.size()) {
    const std::span<const std::byte> left = datagram.subspan(offset);
    if (left.size() < sizeof(nlmsghdr)) return core::fail(malformed(offset, "half a message header"));
    const auto header = read_as<nlmsghdr>(left);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > left.size()) {
      return core::fail(malformed(offset, "a message of " + core::count_of(header.nlmsg_len, "byte") + " where " +
                                              core::count_of(left.size(), "is", "are") + " left"));
    }
    const std::span<const std::byte> payload = left.subspan(sizeof header, header.nlmsg_len - sizeof header);
    const std::size_t body = offset + sizeof header;
    offset += aligned(header.nlmsg_len);
    if (header.nlmsg_seq != sequence) continue;
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) into.interrupted = true;
    if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
      const auto err = errno_of(payload, body, header.nlmsg_type == NLMSG_DONE);
      if (!err) return core::fail(err.error());
      if (*err != 0) return core::fail(refused(*err));
      return Reply::complete;
    }
    if (header.nlmsg_type != TCPDIAG_GETSOCK && header.nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
    if (auto read = read_socket(payload, body, at, into); !read) return core::fail(read.error());
  }
  return Reply::more;
}

void InetDiag::Closer::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

InetDiag::InetDiag(mnl_socket* socket) : socket_(socket), buffer_(kBufferBytes) {}

core::Result<InetDiag> InetDiag::open() {
  mnl_socket* socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
  if (socket == nullptr) return core::fail(core::system_error("open a netlink socket (sock_diag)", errno));
  InetDiag diag(socket);
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0) {
    return core::fail(core::system_error("bind a netlink socket (sock_diag)", errno));
  }
  // The kernel makes each chunk while we receive it, so that a receive never waits; if it ever should, not for long.
  timeval limit{2, 0};
  const auto set = core::checked("limit the wait of a netlink socket", [&] {
    return ::setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  });
  if (!set) return core::fail(set.error());
  return diag;
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
  alignas(nlmsghdr) std::array<std::byte, 256> request{};
  const nlmsghdr* header = put_request(request, filter, sequence_);
  const auto sent = core::checked(kAttempt, [&] { return mnl_socket_sendto(socket_.get(), header, header->nlmsg_len); });
  if (!sent) return core::fail(sent.error());
  for (;;) {
    const auto got = core::checked(kAttempt, [&] { return mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size()); });
    if (!got) return core::fail(got.error());
    const auto datagram = std::span<const std::byte>(buffer_).first(static_cast<std::size_t>(*got));
    const auto reply = read_reply(datagram, sequence_, core::MonotonicClock::now(), into);
    if (!reply) return core::fail(reply.error());
    if (*reply == Reply::complete) return {};
  }
}

}  // namespace uncork::probe
