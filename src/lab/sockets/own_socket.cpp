#include "lab/sockets/own_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "core/syscall.hpp"

namespace uncork::lab {
namespace {

constexpr int kBacklog = 16;
constexpr core::Micros kTentativeLimit{5'000'000};
constexpr int kLoopback = 1;  // the first device of a namespace

/// As in linux/ipv6.h, which does not go with netinet/in.h.
struct V6Address {
  in6_addr address;
  std::uint32_t prefix_bits;
  int device;
};

enum class Side : bool { listener, client };

/// A socket address of either family, for the system calls.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

in6_addr v6_address(std::uint32_t number) {
  in6_addr address{};
  const std::uint32_t prefix = htonl(0x20010db8);
  const std::uint32_t in_order = htonl(number);
  std::memcpy(address.s6_addr, &prefix, sizeof prefix);
  std::memcpy(&address.s6_addr[12], &in_order, sizeof in_order);
  return address;
}

std::uint32_t v4_address(std::uint32_t number) { return 0x7f400000U | (number & 0x3fffffU); }

/// The address of the namespace as a listener or a client of the family binds it, port 0: the kernel chooses.
Address address_of(std::uint32_t number, Family family, Side side) {
  Address address;
  if (family == Family::v4 || (family == Family::mapped && side == Side::client)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(v4_address(number));
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
    return address;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  if (family == Family::v6) {
    in6.sin6_addr = v6_address(number);
  } else {
    const std::uint32_t v4 = htonl(v4_address(number));
    in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
    std::memcpy(&in6.sin6_addr.s6_addr[12], &v4, sizeof v4);
  }
  std::memcpy(&address.storage, &in6, sizeof in6);
  address.size = sizeof in6;
  return address;
}

void set_port(Address& address, std::uint16_t port) {
  // The port is the second member of both kinds.
  const std::uint16_t in_order = htons(port);
  std::memcpy(reinterpret_cast<char*>(&address.storage) + offsetof(sockaddr_in, sin_port), &in_order, sizeof in_order);
}

core::Result<core::Fd> bound_socket(const Address& at) {
  const auto made = core::checked("open a socket", [&] { return ::socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0); });
  if (!made) return core::fail(made.error());
  core::Fd socket(*made);
  const auto bound = core::checked("bind a socket of the lab", [&] { return ::bind(socket.get(), at.get(), at.size); });
  if (!bound) return core::fail(bound.error());
  return socket;
}

SocketAddress to_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    return {text.data(), ntohs(in.sin_port)};
  }
  sockaddr_in6 in6{};
  std::memcpy(&in6, &address.storage, sizeof in6);
  ::inet_ntop(AF_INET6, &in6.sin6_addr, text.data(), text.size());
  return {text.data(), ntohs(in6.sin6_port)};
}

template <typename Call>
core::Result<SocketAddress> name_of(const core::Fd& socket, Call call) {
  Address address;
  address.size = sizeof address.storage;
  const auto named = core::checked("ask for a socket's address", [&] {
    return call(socket.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size);
  });
  if (!named) return core::fail(named.error());
  return to_text(address);
}

}  // namespace

core::Result<OwnSocket> describe(const core::Fd& socket, Connected connected) {
  OwnSocket own;
  socklen_t size = sizeof own.cookie;
  const auto asked = core::checked("ask for a socket's cookie",
                                   [&] { return ::getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &own.cookie, &size); });
  if (!asked) return core::fail(asked.error());
  const auto local = name_of(socket, ::getsockname);
  if (!local) return core::fail(local.error());
  own.local = *local;
  if (connected == Connected::no) return own;
  const auto peer = name_of(socket, ::getpeername);
  if (!peer) return core::fail(peer.error());
  own.peer = *peer;
  return own;
}

core::Result<core::Fd> open_listener(std::uint32_t number, Family family) {
  auto socket = bound_socket(address_of(number, family, Side::listener));
  if (!socket) return socket;
  const auto listening = core::checked("listen in a namespace of the lab", [&] { return ::listen(socket->get(), kBacklog); });
  if (!listening) return core::fail(listening.error());
  return socket;
}

core::Result<ConnectedPair> connect_to(const core::Fd& listener, std::uint32_t number, Family family) {
  Address to = address_of(number, family, Side::client);
  const auto at = name_of(listener, ::getsockname);
  if (!at) return core::fail(at.error());
  set_port(to, at->port);
  auto client = bound_socket(address_of(number, family, Side::client));
  if (!client) return core::fail(client.error());
  // Over loopback, to a listener with room: neither waits.
  const auto connected =
      core::checked("connect in a namespace of the lab", [&] { return ::connect(client->get(), to.get(), to.size); });
  if (!connected) return core::fail(connected.error());
  auto server = core::tcp_accept(listener);
  if (!server) return core::fail(server.error());
  return ConnectedPair{std::move(*client), std::move(*server)};
}

core::Status add_v6_address(std::uint32_t number) {
  const std::string attempt = "give a namespace of the lab an IPv6 address";
  const core::Fd control(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  V6Address request{v6_address(number), 128, kLoopback};
  const auto added = core::checked(attempt, [&] { return ::ioctl(control.get(), SIOCSIFADDR, &request); });
  if (!added) return core::fail(added.error());
  // The kernel looks for duplicates on loopback too: a matter of one of its work queues, until which nobody may bind it.
  const core::Time deadline = core::MonotonicClock::now() + kTentativeLimit;
  const Address address = address_of(number, Family::v6, Side::listener);
  while (::bind(control.get(), address.get(), address.size) != 0) {
    if (errno != EADDRNOTAVAIL || core::MonotonicClock::now() > deadline) return core::fail(core::system_error(attempt, errno));
    ::usleep(200);
  }
  return {};
}

}  // namespace uncork::lab
