#include "core/syscall.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace uncork::core {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress to_sockaddr(const Endpoint& endpoint) {
  SocketAddress address;
  if (endpoint.family == Endpoint::Family::v4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.bytes.data(), 4);
    std::memcpy(&address.storage, &in, sizeof in);
    address.length = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    std::memcpy(&in.sin6_addr, endpoint.bytes.data(), 16);
    std::memcpy(&address.storage, &in, sizeof in);
    address.length = sizeof in;
  }
  return address;
}

Result<Endpoint> to_endpoint(const SocketAddress& address) {
  Endpoint endpoint;
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    std::memcpy(endpoint.bytes.data(), &in.sin_addr, 4);
    endpoint.port = ntohs(in.sin_port);
    return endpoint;
  }
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof in);
    endpoint.family = Endpoint::Family::v6;
    std::memcpy(endpoint.bytes.data(), &in.sin6_addr, 16);
    endpoint.port = ntohs(in.sin6_port);
    return endpoint;
  }
  return fail({ErrorCode::not_supported, 0, "socket address: neither IPv4 nor IPv6"});
}

template <typename Call>
Result<Fd> checked_fd(std::string_view attempt, Call call) {
  const auto fd = checked(attempt, call);
  if (!fd) return fail(fd.error());
  return Fd(*fd);
}

Result<Fd> tcp_socket(const Endpoint& endpoint) {
  const int family = endpoint.family == Endpoint::Family::v4 ? AF_INET : AF_INET6;
  return checked_fd("socket", [&] { return ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0); });
}

}  // namespace

Result<Fd> open_file(const std::string& path, int flags, unsigned mode) {
  return checked_fd("open " + path, [&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); });
}

Result<ReadOutcome> read_some(const Fd& fd, std::span<std::byte> into, std::string_view attempt) {
  const auto got = checked(attempt, [&] { return ::read(fd.get(), into.data(), into.size()); });
  if (!got) {
    if (got.error().system_errno == EAGAIN) return ReadOutcome{};
    return fail(got.error());
  }
  if (*got == 0) return ReadOutcome{ReadOutcome::Kind::end, 0};
  return ReadOutcome{ReadOutcome::Kind::bytes, static_cast<std::size_t>(*got)};
}

Result<std::size_t> send_some(const Fd& fd, std::span<const std::byte> bytes, int flags) {
  const auto sent = checked("send", [&] { return ::send(fd.get(), bytes.data(), bytes.size(), flags | MSG_NOSIGNAL); });
  if (sent) return static_cast<std::size_t>(*sent);
  if (sent.error().system_errno == EAGAIN) return std::size_t{0};
  return fail(sent.error());
}

Status send_all(const Fd& fd, std::span<const std::byte> bytes, int flags) {
  while (!bytes.empty()) {
    const auto sent = send_some(fd, bytes, flags);
    if (!sent) return fail(sent.error());
    if (*sent == 0) return fail(system_error("send on a blocking socket", EAGAIN));
    bytes = bytes.subspan(*sent);
  }
  return {};
}

Result<bool> wait_readable(const Fd& fd, std::optional<Time> deadline) {
  for (;;) {
    int timeout = -1;
    if (deadline) {
      const auto left = std::max<std::int64_t>((*deadline - MonotonicClock::now()).count(), 0);
      timeout = static_cast<int>(std::min<std::int64_t>((left + 999) / 1000, std::numeric_limits<int>::max()));
    }
    pollfd poll_for{fd.get(), POLLIN, 0};
    const int ready = ::poll(&poll_for, 1, timeout);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) return fail(system_error("poll", errno));
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const auto fd = open_file(path, O_RDONLY);
  if (!fd) return fail(fd.error());
  std::string text;
  std::byte chunk[4096];
  while (text.size() < limit) {
    const auto got = read_some(*fd, std::span(chunk, std::min(sizeof chunk, limit - text.size())), "read " + path);
    if (!got) return fail(got.error());
    if (got->kind != ReadOutcome::Kind::bytes) break;
    text.append(reinterpret_cast<const char*>(chunk), got->count);
  }
  return text;
}

Result<Fd> tcp_listen(const Endpoint& at, int backlog) {
  auto socket = tcp_socket(at);
  if (!socket) return socket;
  if (auto set = set_option(*socket, SOL_SOCKET, SO_REUSEADDR, 1); !set) return fail(set.error());
  SocketAddress address = to_sockaddr(at);
  const auto bound = checked("bind " + to_string(at), [&] { return ::bind(socket->get(), address.get(), address.length); });
  if (!bound) return fail(bound.error());
  const auto listening = checked("listen " + to_string(at), [&] { return ::listen(socket->get(), backlog); });
  if (!listening) return fail(listening.error());
  return socket;
}

Result<Fd> tcp_accept(const Fd& listener) {
  return checked_fd("accept", [&] { return ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC); });
}

Result<Fd> tcp_connect(const Endpoint& to) {
  auto socket = tcp_socket(to);
  if (!socket) return socket;
  SocketAddress address = to_sockaddr(to);
  const auto connected =
      checked("connect " + to_string(to), [&] { return ::connect(socket->get(), address.get(), address.length); });
  if (!connected) return fail(connected.error());
  return socket;
}

Result<Endpoint> local_endpoint(const Fd& socket) {
  SocketAddress address;
  const auto got = checked("getsockname", [&] { return ::getsockname(socket.get(), address.get(), &address.length); });
  if (!got) return fail(got.error());
  return to_endpoint(address);
}

Result<Endpoint> peer_endpoint(const Fd& socket) {
  SocketAddress address;
  const auto got = checked("getpeername", [&] { return ::getpeername(socket.get(), address.get(), &address.length); });
  if (!got) return fail(got.error());
  return to_endpoint(address);
}

Status set_option(const Fd& socket, int level, int option, int value) {
  const auto set = checked("setsockopt", [&] { return ::setsockopt(socket.get(), level, option, &value, sizeof value); });
  if (!set) return fail(set.error());
  return {};
}

Result<int> get_option(const Fd& socket, int level, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  const auto got = checked("getsockopt", [&] { return ::getsockopt(socket.get(), level, option, &value, &size); });
  if (!got) return fail(got.error());
  return value;
}

}  // namespace uncork::core
