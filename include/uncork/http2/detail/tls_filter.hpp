#pragma once
// TLS without I/O: what the socket gives goes in, plaintext comes out, and the other way round.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace uncork::http2::detail {

/// One TLS connection on two BIOs of its own: OpenSSL reads straight from what was received and writes straight to what is to be
/// sent. One thread at a time.
class tls_filter {
 public:
  tls_filter(SSL_CTX* context, bool is_server) : wires_(std::make_unique<wires>()), ssl_(SSL_new(context)) {
    BIO* const bio = ssl_ ? BIO_new(method()) : nullptr;
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, wires_.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    // Memory for records is there only while one is under way.
    SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_set_options(ssl_.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);  // RFC 9113 9.2.1
    is_server ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
  }

  [[nodiscard]] SSL* native_handle() const noexcept { return ssl_.get(); }
  [[nodiscard]] bool is_handshake_done() const noexcept { return SSL_is_init_finished(ssl_.get()) != 0; }
  /// What ALPN has chosen; empty if nothing.
  [[nodiscard]] std::string_view protocol() const noexcept {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

  /// A client's first bytes.
  [[nodiscard]] boost::system::error_code begin_handshake() {
    ERR_clear_error();
    return judge(SSL_do_handshake(ssl_.get()));
  }

  /// Takes all of `received`, and gives `take` the plaintext, in pieces that lie in `scratch`. asio's eof when the peer has said
  /// that nothing more comes.
  template <typename Take>
  [[nodiscard]] boost::system::error_code receive(std::span<const std::byte> received, std::span<std::byte> scratch,
                                                  const Take& take) {
    wires_->received = received;
    for (;;) {
      ERR_clear_error();
      const int got = SSL_read(ssl_.get(), scratch.data(), static_cast<int>(scratch.size()));
      if (got <= 0) {
        const auto error = judge(got);
        wires_->received = {};
        return error;
      }
      take(std::span<const std::byte>(scratch.first(static_cast<std::size_t>(got))));
    }
  }

  /// Encrypts all of `plain`.
  [[nodiscard]] boost::system::error_code send(std::span<const std::byte> plain) {
    while (!plain.empty()) {
      ERR_clear_error();
      const int taken = SSL_write(ssl_.get(), plain.data(), static_cast<int>(std::min<std::size_t>(plain.size(), 1U << 30U)));
      if (taken <= 0) return judge(taken);
      plain = plain.subspan(static_cast<std::size_t>(taken));
    }
    return {};
  }

  /// Tells the peer that nothing more comes.
  void close() {
    ERR_clear_error();
    if (is_handshake_done()) SSL_shutdown(ssl_.get());
  }

  /// Records that wait for the socket.
  [[nodiscard]] std::span<const std::byte> to_send() const noexcept {
    return std::span<const std::byte>(wires_->to_send).subspan(wires_->sent);
  }
  void sent(std::size_t bytes) noexcept {
    wires_->sent += bytes;
    if (wires_->sent != wires_->to_send.size()) return;
    wires_->to_send.clear();
    wires_->sent = 0;
  }
  /// Gives memory back; for a connection that rests.
  void tidy() {
    if (wires_->to_send.empty()) wires_->to_send = std::vector<std::byte>();
  }

 private:
  struct wires {
    std::span<const std::byte> received;
    std::vector<std::byte> to_send;
    std::size_t sent = 0;
  };
  struct free_ssl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };

  boost::system::error_code judge(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_NONE:
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return {};
      case SSL_ERROR_ZERO_RETURN:
        return boost::asio::error::eof;
      case SSL_ERROR_SSL:
        return {static_cast<int>(ERR_get_error()), boost::asio::error::get_ssl_category()};
      default:
        return boost::asio::error::connection_aborted;
    }
  }

  static int read_wire(BIO* bio, char* into, std::size_t size, std::size_t* got) {
    auto& received = static_cast<wires*>(BIO_get_data(bio))->received;
    BIO_clear_retry_flags(bio);
    *got = std::min(size, received.size());
    if (*got == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(into, received.data(), *got);
    received = received.subspan(*got);
    return 1;
  }
  static int write_wire(BIO* bio, const char* from, std::size_t size, std::size_t* taken) {
    auto& to_send = static_cast<wires*>(BIO_get_data(bio))->to_send;
    BIO_clear_retry_flags(bio);
    const auto* bytes = reinterpret_cast<const std::byte*>(from);
    to_send.insert(to_send.end(), bytes, bytes + size);
    *taken = size;
    return 1;
  }
  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "uncork");
      BIO_meth_set_read_ex(m, read_wire);
      BIO_meth_set_write_ex(m, write_wire);
      BIO_meth_set_ctrl(m, control);
      return m;
    }();
    return made;
  }

  std::unique_ptr<wires> wires_;  // what the BIO points at
  std::unique_ptr<SSL, free_ssl> ssl_;
};

}  // namespace uncork::http2::detail
