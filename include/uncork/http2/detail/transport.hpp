#pragma once
// The bytes of one connection: a TCP socket, bare or under TLS.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "uncork/http2/detail/body_source.hpp"
#include "uncork/http2/detail/scratch.hpp"
#include "uncork/http2/detail/tls_filter.hpp"
#include "uncork/stream/detail/notsent_low_water.hpp"
#include "uncork/stream/detail/sigpipe_guard.hpp"

namespace uncork::http2::detail {

/// Never blocks; whoever drives it waits for the socket. One thread at a time.
class transport {
 public:
  using socket_type = boost::asio::ip::tcp::socket;
  using error_code = boost::system::error_code;

  /// Over the bare socket if `tls` is null.
  transport(socket_type socket, SSL_CTX* tls, bool is_server, bool no_delay) : socket_(std::move(socket)) {
    if (tls != nullptr) tls_.emplace(tls, is_server);
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(boost::asio::ip::tcp::no_delay(no_delay), ignored);
    // What the kernel has not sent yet cannot be overtaken: neither by a more urgent stream nor by the answer to a PING.
    socket_.set_option(stream::detail::notsent_low_water(static_cast<int>(2 * kScratchBytes)), ignored);
  }

  [[nodiscard]] socket_type& socket() noexcept { return socket_; }
  /// None of a Unix socket.
  [[nodiscard]] boost::asio::ip::tcp::endpoint remote_endpoint() noexcept {
    boost::asio::ip::tcp::endpoint peer;
    sockaddr_storage address{};  // what the kernel says of a Unix socket is longer than an endpoint has room for
    socklen_t size = sizeof address;
    if (::getpeername(socket_.native_handle(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return peer;
    if ((address.ss_family != AF_INET && address.ss_family != AF_INET6) || size > peer.capacity()) return peer;
    std::memcpy(peer.data(), &address, size);
    peer.resize(size);
    return peer;
  }
  [[nodiscard]] std::optional<tls_filter>& tls() noexcept { return tls_; }

  /// Reads once, `most` bytes and no more than kScratchBytes, and gives `take` what came, in pieces that lie in the thread's
  /// scratch memory. would_block if nothing did. `is_full` tells whether more may be there.
  template <typename Take>
  [[nodiscard]] error_code receive(const Take& take, bool& is_full, std::size_t most = kScratchBytes) {
    error_code error;
    const std::span<std::byte> scratch = received_scratch().first(most);
    const std::size_t got = socket_.read_some(boost::asio::buffer(scratch.data(), scratch.size()), error);
    is_full = got == scratch.size();
    if (error) return error;
    bytes_received_ += got;
    const std::span<const std::byte> bytes(scratch.first(got));
    if (tls_) return tls_->receive(bytes, plain_scratch(), take);
    take(bytes);
    return {};
  }

  /// Sends the beginning of `plain`, and says how much of it need not be given again. would_block when the socket is full: then
  /// bytes may wait here; see is_clear(). With `more_comes` the kernel is told to wait for more (MSG_MORE), if there is no TLS.
  [[nodiscard]] std::size_t send(std::span<const std::byte> plain, bool more_comes, error_code& error) {
    if (!tls_) return send_wire(plain, error, more_comes ? MSG_MORE : 0);
    error = send_records();
    if (error || plain.empty()) return 0;
    error = tls_->send(plain);
    if (error) return 0;
    error = send_records();
    return plain.size();
  }
  /// Sends the beginning of a piece of a file, without TLS; how much of it. broken_pipe where the file is shorter than it was.
  [[nodiscard]] std::size_t send_file(sent_file& file, std::size_t size, error_code& error) {
    ssize_t sent = 0;
    {
      stream::detail::sigpipe_guard pipe;
      do {
        ++sends_;
        sent = ::sendfile(socket_.native_handle(), file.descriptor(), &file.offset(), size);
      } while (sent < 0 && errno == EINTR);
      if (sent < 0 && errno == EPIPE) pipe.raised();
    }
    if (sent < 0 && (errno == EINVAL || errno == ENOSYS)) return send_copy(file, size, error);  // sendfile(2): not of this file
    if (sent > 0) {
      error = {};
      bytes_sent_ += static_cast<std::size_t>(sent);
      return static_cast<std::size_t>(sent);
    }
    if (sent == 0) {
      error = boost::asio::error::broken_pipe;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      error = boost::asio::error::would_block;
    } else {
      error.assign(errno, boost::system::system_category());
    }
    return 0;
  }
  /// After cork() only whole segments leave, to the end of the scope: not while anything is waited for, or a part of a segment
  /// would leave when the kernel gives up, 200 ms later.
  class cork_scope {
   public:
    explicit cork_scope(transport& of) noexcept : of_(of) {}
    cork_scope(const cork_scope&) = delete;
    cork_scope& operator=(const cork_scope&) = delete;
    ~cork_scope() {
      if (is_corked_) of_.set_cork(0);
    }
    void cork() noexcept {
      if (!std::exchange(is_corked_, true)) of_.set_cork(1);
    }

   private:
    transport& of_;
    bool is_corked_ = false;
  };
  /// Whether nothing waits here for the socket.
  [[nodiscard]] bool is_clear() const noexcept { return !tls_ || tls_->to_send().empty(); }

  /// Nothing more is sent; what was is not lost to a reset as long as the peer's bytes are read to their end.
  void shut_down() {
    error_code ignored;
    if (tls_) {
      tls_->close();
      ignored = send_records();
    }
    socket_.shutdown(socket_type::shutdown_send, ignored);
  }
  void close() noexcept {
    error_code ignored;
    socket_.close(ignored);
  }
  void tidy() {
    if (tls_) tls_->tidy();
  }

  [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  [[nodiscard]] std::uint64_t bytes_received() const noexcept { return bytes_received_; }
  [[nodiscard]] std::uint64_t sends() const noexcept { return sends_; }

 private:
  std::size_t send_wire(std::span<const std::byte> bytes, error_code& error, int flags) {
    if (bytes.empty()) return 0;
    const std::size_t sent = socket_.send(boost::asio::buffer(bytes.data(), bytes.size()), flags, error);
    ++sends_;
    bytes_sent_ += sent;
    return sent;
  }
  std::size_t send_copy(sent_file& file, std::size_t size, error_code& error) {
    const auto piece = read_at(file.descriptor(), static_cast<std::uint64_t>(file.offset()),
                               body_scratch().first(std::min(size, body_scratch().size())));
    if (!piece) {
      error = boost::asio::error::broken_pipe;
      return 0;
    }
    const std::size_t sent = send_wire(*piece, error, 0);
    file.offset() += static_cast<off_t>(sent);
    return sent;
  }
  void set_cork(int on) noexcept {
    static_cast<void>(::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_CORK, &on, sizeof on));
  }
  error_code send_records() {
    while (!tls_->to_send().empty()) {
      error_code error;
      tls_->sent(send_wire(tls_->to_send(), error, 0));
      if (error) return error;
    }
    return {};
  }

  socket_type socket_;
  std::optional<tls_filter> tls_;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t sends_ = 0;
};

}  // namespace uncork::http2::detail
