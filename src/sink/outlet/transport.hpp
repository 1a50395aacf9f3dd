#pragma once
// A connected socket, with or without TLS; nothing here waits.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/fd.hpp"
#include "core/result.hpp"

struct ssl_st;

namespace uncork::sink {

/// What came of trying to read, to write, or to go on with the handshake.
struct Progress {
  enum class Kind : std::uint8_t { some, want_read, want_write, end };
  Kind kind = Kind::some;
  std::size_t count = 0;
};

/// Owns the socket. One thread at a time.
class Transport {
 public:
  explicit Transport(core::Fd socket) : socket_(std::move(socket)) {}
  /// With TLS 1.2 or later, to a server whose certificate is good for `host` and signed by an authority that the system (or the
  /// file that SSL_CERT_FILE names) trusts.
  [[nodiscard]] static core::Result<Transport> with_tls(core::Fd socket, const std::string& host);

  /// `some` when it is over, at once without TLS. Errors say what is wrong with the certificate.
  [[nodiscard]] core::Result<Progress> handshake();
  [[nodiscard]] core::Result<Progress> write(std::string_view bytes);
  [[nodiscard]] core::Result<Progress> read(std::span<char> into);
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  struct Free {
    void operator()(ssl_st* tls) const noexcept;
  };
  [[nodiscard]] core::Result<Progress> tls_failure(int result, const char* attempt);

  core::Fd socket_;
  std::unique_ptr<ssl_st, Free> tls_;
};

}  // namespace uncork::sink
