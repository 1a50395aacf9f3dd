#include "zino/client/connection.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>

#include "core/duration.hpp"
#include "core/syscall.hpp"

namespace uncork::zino {
namespace {

constexpr std::size_t kReadAtOnce = 64 * 1024;

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

std::string show(const std::string& host, std::uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

core::Result<Addresses> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) {
    const char* why = failed == EAI_SYSTEM ? ::strerror(errno) : ::gai_strerror(failed);
    return core::fail(core::Error{core::ErrorCode::not_found, 0, fmt::format("find {}: {}", host, why)});
  }
  return Addresses(found, &::freeaddrinfo);
}

/// Whether one of `events` comes before `until`.
core::Result<bool> wait_for(const core::Fd& socket, short events, core::Time until) {
  for (;;) {
    const auto left = std::max<std::int64_t>((until - core::MonotonicClock::now()).count(), 0);
    pollfd wanted{socket.get(), events, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::min<std::int64_t>((left + 999) / 1000, 1'000'000'000)));
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) return core::fail(core::system_error("poll", errno));
  }
}

core::Result<core::Fd> connect_to(const addrinfo& address, const std::string& name, core::Micros patience) {
  const std::string attempt = "connect " + name;
  const auto made = core::checked(
      attempt, [&] { return ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP); });
  if (!made) return core::fail(made.error());
  core::Fd socket(*made);
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS) {
    return core::fail(core::system_error(attempt, errno));
  }
  const auto writable = wait_for(socket, POLLOUT, core::MonotonicClock::now() + patience);
  if (!writable) return core::fail(writable.error());
  if (!*writable) return core::fail(core::system_error(attempt, ETIMEDOUT));
  const auto error = core::get_option(socket, SOL_SOCKET, SO_ERROR);
  if (!error) return core::fail(error.error());
  if (*error != 0) return core::fail(core::system_error(attempt, *error));
  // The server is to learn that we have gone, and we that it has: watching clients say nothing for hours.
  for (const auto& [level, option] :
       std::array<std::pair<int, int>, 2>{{{IPPROTO_TCP, TCP_NODELAY}, {SOL_SOCKET, SO_KEEPALIVE}}}) {
    if (const auto set = core::set_option(socket, level, option, 1); !set) return core::fail(set.error());
  }
  return socket;
}

}  // namespace

core::Result<Connection> Connection::open(const std::string& host, std::uint16_t port, core::Micros patience) {
  const auto addresses = resolve(host, port);
  if (!addresses) return core::fail(addresses.error());
  const std::string name = show(host, port);
  core::Error last;
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    auto socket = connect_to(*address, name, patience);
    if (socket) return Connection(std::move(*socket), name, patience);
    last = std::move(socket.error());
  }
  return core::fail(last);
}

core::Status Connection::send(std::string& unsent) {
  const auto sent = core::send_some(socket_, std::as_bytes(std::span(unsent)), MSG_DONTWAIT);
  if (!sent) return core::fail(core::Error{sent.error().code, sent.error().system_errno, name_ + ": " + sent.error().message});
  unsent.erase(0, *sent);
  return {};
}

core::Result<std::size_t> Connection::exchange(std::string& unsent, std::string& received) {
  core::Time until = core::MonotonicClock::now() + patience_;
  for (;;) {
    if (!unsent.empty()) {
      const std::size_t before = unsent.size();
      if (auto done = send(unsent); !done) return core::fail(done.error());
      if (unsent.size() < before) until = core::MonotonicClock::now() + patience_;
    }
    const auto ready = wait_for(socket_, unsent.empty() ? POLLIN : POLLIN | POLLOUT, until);
    if (!ready) return core::fail(ready.error());
    if (!*ready) {
      return core::fail(core::Error{core::ErrorCode::system, ETIMEDOUT,
                                    fmt::format("{}: no answer for {}", name_, core::to_string(patience_))});
    }
    std::array<std::byte, kReadAtOnce> chunk;
    const auto got = core::read_some(socket_, chunk, name_ + ": read");
    if (!got) return core::fail(got.error());
    if (got->kind == core::ReadOutcome::Kind::would_block) continue;
    received.append(reinterpret_cast<const char*>(chunk.data()), got->count);
    return got->count;
  }
}

core::Result<bool> Connection::readable(core::Time until) const { return wait_for(socket_, POLLIN, until); }

}  // namespace uncork::zino
