#pragma once
// A connection that a server has just accepted: the TLS handshake, and which HTTP its client brings.

#include <algorithm>
#include <boost/asio/error.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "uncork/http2/detail/connection_set.hpp"
#include "uncork/http2/detail/http1_connection.hpp"
#include "uncork/http2/detail/server_connection.hpp"
#include "uncork/http2/detail/server_loop.hpp"
#include "uncork/http2/detail/transport.hpp"

namespace uncork::http2::detail {

/// Reads until it knows, and hands over to the connection of that HTTP what it has read.
class admission final : public member, public std::enable_shared_from_this<admission> {
 public:
  using error_code = boost::system::error_code;

  admission(http2::detail::transport bytes, std::shared_ptr<server_loop> loop)
      : transport_(std::move(bytes)), loop_(std::move(loop)) {}

  void start() {
    loop_->connections->add(shared_from_this());
    wait_for_input();
  }
  void on_time(time_point now) override {
    if (now - begun_ >= loop_->options->greeting_timeout) end();
  }
  void shut_down() override { end(); }
  void abort() override { end(); }

 private:
  using socket_type = boost::asio::ip::tcp::socket;
  // RFC 9113 3.4: no request of HTTP/1.x begins like it.
  static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  enum class version { unknown, http1, http2 };
  /// What a client brings with its greeting is begun in the same turn, so that little of it must do: see connection.
  static constexpr std::size_t kGreetingReadBytes = 1024;

  void wait_for_input() {
    transport_.socket().async_wait(socket_type::wait_read, [self = shared_from_this()](error_code error) {
      if (error) return self->end();
      self->on_readable();
    });
  }
  void on_readable() {
    if (is_over_) return;
    bool is_full = false;
    error_code error = transport_.receive(
        [this](byte_span bytes) { greeting_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()); }, is_full,
        kGreetingReadBytes);
    if (error == boost::asio::error::would_block) error = {};
    error_code unsent;
    static_cast<void>(transport_.send({}, false, unsent));       // the handshake's part, or its alert
    if (unsent == boost::asio::error::would_block) unsent = {};  // a few KiB: the next read will try again
    if (error || unsent) {
      const bool is_handshake = transport_.tls() && !transport_.tls()->is_handshake_done();
      if (is_handshake) loop_->counts->failed_handshakes.fetch_add(1, std::memory_order_relaxed);
      return end();
    }
    switch (judge()) {
      case version::unknown:
        return wait_for_input();
      case version::http2:
        return hand_over<server_connection>();
      case version::http1:
        return hand_over<http1_connection>();
    }
  }
  [[nodiscard]] version judge() const {
    if (auto& tls = const_cast<admission*>(this)->transport_.tls()) {
      if (!tls->is_handshake_done()) return version::unknown;
      if (tls->protocol() == "h2") return version::http2;
      if (tls->protocol() == "http/1.1") return version::http1;
    }
    if (greeting_.empty()) return version::unknown;
    if (!loop_->options->http1) return version::http2;
    const std::size_t size = std::min(greeting_.size(), kPreface.size());
    if (std::string_view(greeting_).substr(0, size) != kPreface.substr(0, size)) return version::http1;
    return size < kPreface.size() ? version::unknown : version::http2;
  }
  template <typename Connection>
  void hand_over() {
    is_over_ = true;
    const auto kept = shared_from_this();
    loop_->connections->remove(*this);
    std::make_shared<Connection>(std::move(transport_), loop_)->start(std::as_bytes(std::span(greeting_)));
  }
  void end() {
    if (std::exchange(is_over_, true)) return;
    const auto kept = shared_from_this();
    transport_.close();
    loop_->counts->open_connections.fetch_sub(1, std::memory_order_relaxed);
    loop_->connections->remove(*this);
  }

  http2::detail::transport transport_;
  std::shared_ptr<server_loop> loop_;
  std::string greeting_;
  time_point begun_ = std::chrono::steady_clock::now();
  bool is_over_ = false;
};

}  // namespace uncork::http2::detail
