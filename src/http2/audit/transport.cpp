#include "http2/audit/transport.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace uncork::http2::audit {
namespace {

/// poll() until a time; true if something is ready.
bool poll_until(int descriptor, short events, Clock::time_point until) {
  pollfd ready{.fd = descriptor, .events = events, .revents = 0};
  for (;;) {
    const auto left = std::max(until - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec wait{.tv_sec = seconds.count(),
                        .tv_nsec = static_cast<long>(std::chrono::nanoseconds(left - seconds).count())};
    const int count = ::ppoll(&ready, 1, &wait, nullptr);
    if (count >= 0 || errno != EINTR) return count > 0;
  }
}

std::string reason(std::string_view attempt, int error) { return std::string(attempt) + ": " + std::strerror(error); }

}  // namespace

bool is_loopback(const Target& target) noexcept {
  if (target.address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &target.address, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) >> 24U == 127;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &target.address, sizeof v6);
  return target.address.ss_family == AF_INET6 && std::memcmp(&v6.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback) == 0;
}

void Transport::FreeTls::operator()(ssl_st* tls) const noexcept { SSL_free(tls); }

std::expected<Transport, std::string> Transport::connect(const Target& target, Clock::time_point deadline) {
  if (!is_loopback(target)) return std::unexpected("not a loopback address");
  Transport made;
  const int descriptor = ::socket(target.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return std::unexpected(reason("socket", errno));
  made.descriptor_ = FileDescriptor(descriptor);
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&target.address), target.size) != 0) {
    if (errno != EINPROGRESS) return std::unexpected(reason("connect", errno));
    if (!poll_until(descriptor, POLLOUT, deadline)) return std::unexpected("connect: nobody accepts in time");
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return std::unexpected(reason("connect", error));
  }
  if (target.is_tls) {
    if (std::string why = made.start_tls(deadline); !why.empty()) return std::unexpected(std::move(why));
  }
  return made;
}

std::string Transport::start_tls(Clock::time_point deadline) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context) return "TLS: no memory";
  constexpr std::array<unsigned char, 3> kOnlyH2 = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kOnlyH2.data(), kOnlyH2.size());
  // What waits to be written may move and leave in parts, as on a plain socket.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  tls_.reset(SSL_new(context.get()));
  if (!tls_ || SSL_set_fd(tls_.get(), descriptor_.get()) != 1) return "TLS: no memory";
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(tls_.get());
    if (result == 1) break;
    const int error = SSL_get_error(tls_.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
      return "TLS: the handshake failed; does the server speak TLS there?";
    const short event = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (!poll_until(descriptor_.get(), event, deadline)) return "TLS: no handshake in time";
  }
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_.get(), &chosen, &size);
  return size == 2 && std::memcmp(chosen, "h2", 2) == 0 ? "" : "TLS: the server does not choose h2";
}

void Transport::note_tls_end(int result) {
  const int system_errno = errno;
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
  // An end without close_notify (SSL_ERROR_SSL with OpenSSL 3, no errno) is an end all the same here.
  state_ = error == SSL_ERROR_SYSCALL && system_errno == ECONNRESET ? LinkState::aborted : LinkState::closed;
}

std::size_t Transport::write(byte_span bytes) {
  if (state_ != LinkState::open || bytes.empty()) return 0;
  if (tls_) {
    ERR_clear_error();
    errno = 0;
    std::size_t written = 0;
    const int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written);
    return result == 1 ? written : 0;  // how it ended, and what was said before, is for read() to find
  }
  const ssize_t sent = ::send(descriptor_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno == ECONNRESET) was_reset_ = true;  // which the kernel says but once
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void Transport::read(byte_vector& into) {
  constexpr std::size_t kAtOnce = 65536;
  while (state_ == LinkState::open) {
    const std::size_t before = into.size();
    into.resize(before + kAtOnce);
    std::size_t count = 0;
    if (tls_) {
      ERR_clear_error();
      errno = 0;
      const int result = SSL_read_ex(tls_.get(), into.data() + before, kAtOnce, &count);
      if (result != 1) note_tls_end(result);
    } else {
      const ssize_t got = ::recv(descriptor_.get(), into.data() + before, kAtOnce, 0);
      if (got > 0) count = static_cast<std::size_t>(got);
      if (got == 0) state_ = was_reset_ ? LinkState::aborted : LinkState::closed;
      if (got < 0 && errno != EAGAIN && errno != EINTR) state_ = LinkState::aborted;
    }
    into.resize(before + count);
    if (count == 0) return;
  }
}

void Transport::wait(Want want, Clock::time_point until) const {
  if (state_ != LinkState::open) return;
  const short events = want == Want::read ? POLLIN : POLLIN | POLLOUT;
  if (tls_ && SSL_pending(tls_.get()) > 0) return;
  poll_until(descriptor_.get(), events, until);
}

}  // namespace uncork::http2::audit
