#include "sink/outlet/dialer.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>

#include "core/syscall.hpp"
#include "sink/outlet/wait.hpp"

namespace uncork::sink {
namespace {

using Kind = Destination::Kind;

bool is_datagram(Kind kind) { return kind == Kind::udp || kind == Kind::unix_datagram; }

SocketAddress unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::min(path.size(), sizeof address.sun_path - 1);
  std::memcpy(address.sun_path, path.data(), size);
  const bool is_abstract = path.starts_with('@');
  if (is_abstract) address.sun_path[0] = '\0';
  SocketAddress made;
  std::memcpy(&made.storage, &address, sizeof address);
  made.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size + (is_abstract ? 0 : 1));
  return made;
}

/// Noticed within half a minute that the other end is gone, not within a quarter of an hour.
core::Status set_tcp_options(const core::Fd& socket) {
  constexpr int kSilenceMs = 30'000;
  if (auto set = core::set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1); !set) return set;
  if (auto set = core::set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kSilenceMs); !set) return set;
  if (auto set = core::set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1); !set) return set;
  if (auto set = core::set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 10); !set) return set;
  return core::set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
}

}  // namespace

core::Result<std::vector<SocketAddress>> resolve(const Destination& destination) {
  std::vector<SocketAddress> addresses;
  if (destination.kind == Kind::unix_stream || destination.kind == Kind::unix_datagram) {
    addresses.push_back(unix_address(destination.path));
    return addresses;
  }
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_socktype = is_datagram(destination.kind) ? SOCK_DGRAM : SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(destination.host.c_str(), std::to_string(destination.port).c_str(), &hints, &found);
  if (error != 0) {
    return core::fail({core::ErrorCode::not_found, 0, "look up " + destination.host + ": " + ::gai_strerror(error)});
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    SocketAddress address;
    address.size = one->ai_addrlen;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    addresses.push_back(address);
  }
  return addresses;
}

core::Result<std::optional<core::Fd>> Dialer::dial(core::Time deadline) {
  if (!socket_ && left_.empty()) {
    auto addresses = resolve(destination_);
    if (!addresses) return core::fail(addresses.error());
    left_ = std::move(*addresses);
    std::ranges::reverse(left_);
  }
  for (;;) {
    core::Status begun;
    if (!socket_) {
      const SocketAddress address = left_.back();
      left_.pop_back();
      begun = begin(address);
    }
    const auto finished = begun ? finish(deadline) : core::Result<bool>(core::fail(begun.error()));
    if (finished && !*finished) return std::nullopt;
    if (finished) {
      left_.clear();
      return std::optional<core::Fd>(std::move(socket_));
    }
    socket_.reset();
    if (left_.empty()) return core::fail(finished.error());
  }
}

core::Status Dialer::begin(const SocketAddress& address) {
  const std::string attempt = "connect " + to_string(destination_);
  const int type = is_datagram(destination_.kind) ? SOCK_DGRAM : SOCK_STREAM;
  const auto made =
      core::checked(attempt, [&] { return ::socket(address.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
  if (!made) return core::fail(made.error());
  socket_ = core::Fd(*made);
  if (type == SOCK_STREAM && address.storage.ss_family != AF_UNIX) {
    if (auto set = set_tcp_options(socket_); !set) return set;
  }
  until_ = core::MonotonicClock::now() + timeout_;
  const auto connected = core::checked(
      attempt, [&] { return ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size); });
  if (connected || connected.error().system_errno == EINPROGRESS) return {};
  return core::fail(connected.error());  // also EAGAIN: a Unix listener whose queue is full
}

core::Result<bool> Dialer::finish(core::Time deadline) {
  const std::string attempt = "connect " + to_string(destination_);
  const auto ready = wait_for(socket_.get(), POLLOUT, std::min(deadline, until_));
  if (!ready) return core::fail(ready.error());
  if (!*ready) {
    if (core::MonotonicClock::now() < until_) return false;
    return core::fail(core::system_error(attempt, ETIMEDOUT));
  }
  const auto error = core::get_option(socket_, SOL_SOCKET, SO_ERROR);
  if (!error) return core::fail(error.error());
  if (*error != 0) return core::fail(core::system_error(attempt, *error));
  return true;
}

}  // namespace uncork::sink
