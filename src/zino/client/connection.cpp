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

constexpr core::Micros kLook = std::chrono::milliseconds(100);  // between questions whether to stop

core::Error stop_error() { return {core::ErrorCode::system, ECANCELED, "stopped before the end"}; }

/// Waits in pieces, so that a stop is heeded: `wait` is given the time of a piece and tells whether it is done. False: it is
/// `until`.
template <typename Wait>
core::Result<bool> in_pieces(core::Time until, const Stopped& stopped, const Wait& wait) {
  for (;;) {
    const core::Micros left = std::max(until - core::MonotonicClock::now(), core::Micros(0));
    const core::Result<bool> done = wait(stopped ? std::min(left, kLook) : left);
    if (!done || *done) return done;
    if (stopped && stopped()) return core::fail(stop_error());
    if (core::MonotonicClock::now() >= until) return false;
  }
}

/// Whether one of `events` comes before `until`.
core::Result<bool> wait_for(const core::Fd& socket, short events, core::Time until, const Stopped& stopped) {
  return in_pieces(until, stopped, [&](core::Micros piece) -> core::Result<bool> {
    pollfd wanted{socket.get(), events, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::min<std::int64_t>((piece.count() + 999) / 1000, 1'000'000'000)));
    if (ready < 0 && errno != EINTR) return core::fail(core::system_error("poll", errno));
    return ready > 0;
  });
}

std::string show(const std::string& host, std::uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

/// A question to the resolver, which has no time limit of its own, with the words that it is asked in. What cannot be called back
/// when we have waited long enough must stay where it is: the resolver's thread still writes into it.
struct Lookup {
  std::string host;
  std::string port;
  addrinfo hints{};
  gaicb question{};

  Lookup(std::string of_host, std::uint16_t of_port) : host(std::move(of_host)), port(std::to_string(of_port)) {
    hints.ai_socktype = SOCK_STREAM;
    question.ar_name = host.c_str();
    question.ar_service = port.c_str();
    question.ar_request = &hints;
  }
  ~Lookup() {
    if (question.ar_result != nullptr) ::freeaddrinfo(question.ar_result);
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
};

core::Error lookup_error(const std::string& host, int failed) {
  const char* why = failed == EAI_SYSTEM ? ::strerror(errno) : ::gai_strerror(failed);
  return {core::ErrorCode::not_found, 0, fmt::format("find {}: {}", host, why)};
}

core::Result<std::unique_ptr<Lookup>> resolve(const std::string& host, std::uint16_t port, core::Micros patience,
                                              const Stopped& stopped) {
  auto lookup = std::make_unique<Lookup>(host, port);
  std::array<gaicb*, 1> questions = {&lookup->question};
  const int refused = ::getaddrinfo_a(GAI_NOWAIT, questions.data(), 1, nullptr);
  if (refused != 0) return core::fail(lookup_error(host, refused));
  const core::Time until = core::MonotonicClock::now() + patience;
  const auto found = in_pieces(until, stopped, [&](core::Micros piece) -> core::Result<bool> {
    const timespec time{piece.count() / 1'000'000, piece.count() % 1'000'000 * 1'000};
    const std::array<const gaicb*, 1> awaited = {&lookup->question};
    ::gai_suspend(awaited.data(), 1, &time);
    return ::gai_error(&lookup->question) != EAI_INPROGRESS;
  });
  if (!found || !*found) {
    if (::gai_cancel(&lookup->question) == EAI_NOTCANCELED) [[maybe_unused]]
      const Lookup* left = lookup.release();
    if (!found) return core::fail(found.error());
    return core::fail(core::Error{core::ErrorCode::not_found, ETIMEDOUT,
                                  fmt::format("find {}: no answer for {}", host, core::to_string(patience))});
  }
  if (const int failed = ::gai_error(&lookup->question); failed != 0) return core::fail(lookup_error(host, failed));
  return lookup;
}

core::Result<core::Fd> connect_to(const addrinfo& address, const std::string& name, core::Micros patience,
                                  const Stopped& stopped) {
  const std::string attempt = "connect " + name;
  const auto made = core::checked(
      attempt, [&] { return ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP); });
  if (!made) return core::fail(made.error());
  core::Fd socket(*made);
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS) {
    return core::fail(core::system_error(attempt, errno));
  }
  const auto writable = wait_for(socket, POLLOUT, core::MonotonicClock::now() + patience, stopped);
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

core::Result<Connection> Connection::open(const std::string& host, std::uint16_t port, core::Micros patience, Stopped stopped) {
  const auto addresses = resolve(host, port, patience, stopped);
  if (!addresses) return core::fail(addresses.error());
  const std::string name = show(host, port);
  core::Error last;
  for (const addrinfo* address = (*addresses)->question.ar_result; address != nullptr; address = address->ai_next) {
    auto socket = connect_to(*address, name, patience, stopped);
    if (socket) return Connection(std::move(*socket), name, patience, std::move(stopped));
    last = std::move(socket.error());
    if (last.system_errno == ECANCELED) break;
  }
  return core::fail(last);
}

core::Status Connection::send(std::string& unsent) {
  const auto sent = core::send_some(socket_, std::as_bytes(std::span(unsent)), MSG_DONTWAIT);
  if (!sent) return core::fail(core::Error{sent.error().code, sent.error().system_errno, name_ + ": " + sent.error().message});
  unsent.erase(0, *sent);
  return {};
}

core::Result<std::optional<std::size_t>> Connection::exchange(std::string& unsent, std::string& received, core::Time until) {
  for (;;) {
    if (!unsent.empty()) {
      if (auto done = send(unsent); !done) return core::fail(done.error());
    }
    const auto ready = wait_for(socket_, unsent.empty() ? POLLIN : POLLIN | POLLOUT, until, stopped_);
    if (!ready) return core::fail(ready.error());
    if (!*ready) return std::nullopt;
    std::array<std::byte, kReadAtOnce> chunk;
    const auto got = core::read_some(socket_, chunk, name_ + ": read");
    if (!got) return core::fail(got.error());
    if (got->kind == core::ReadOutcome::Kind::would_block) {
      if (core::MonotonicClock::now() >= until) return std::nullopt;
      continue;
    }
    received.append(reinterpret_cast<const char*>(chunk.data()), got->count);
    return got->count;
  }
}

core::Result<bool> Connection::readable(core::Time until) const { return wait_for(socket_, POLLIN, until, stopped_); }

}  // namespace uncork::zino
