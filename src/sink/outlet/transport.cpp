#include "sink/outlet/transport.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::sink {
namespace {

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

std::unexpected<core::Error> tls_error(const std::string& what) {
  return core::fail({core::ErrorCode::refused, 0, "TLS: " + what});
}

std::string openssl_reason() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "the connection ended" : reason;
}

/// Whose certificate is expected.
bool expect_host(SSL* tls, const std::string& host) {
  if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) == 1;
  SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  // SSL_set_tlsext_host_name is a macro with casts of C; the name is copied.
  std::string name = host;
  return SSL_set1_host(tls, host.c_str()) == 1 &&
         SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

}  // namespace

void Transport::Free::operator()(ssl_st* tls) const noexcept { SSL_free(tls); }

core::Result<Transport> Transport::with_tls(core::Fd socket, const std::string& host) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context || SSL_CTX_set_default_verify_paths(context.get()) != 1) return tls_error(openssl_reason());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // What waits to be written leaves in parts, as on a plain socket.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  Transport made(std::move(socket));
  made.tls_.reset(SSL_new(context.get()));
  if (!made.tls_ || SSL_set_fd(made.tls_.get(), made.socket_.get()) != 1 || !expect_host(made.tls_.get(), host)) {
    return tls_error(openssl_reason());
  }
  return made;
}

core::Result<Progress> Transport::handshake() {
  if (!tls_) return Progress{};
  ERR_clear_error();
  const int result = SSL_connect(tls_.get());
  if (result == 1) return Progress{};
  const long verified = SSL_get_verify_result(tls_.get());
  if (verified != X509_V_OK) {
    return tls_error(std::string("the server's certificate is not accepted: ") + X509_verify_cert_error_string(verified));
  }
  return tls_failure(result, "handshake");
}

core::Result<Progress> Transport::write(std::string_view bytes) {
  if (!tls_) {
    const auto sent = core::send_some(socket_, std::as_bytes(std::span(bytes)));
    if (!sent) return core::fail(sent.error());
    return Progress{*sent == 0 ? Progress::Kind::want_write : Progress::Kind::some, *sent};
  }
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count);
  if (result == 1) return Progress{Progress::Kind::some, count};
  return tls_failure(result, "write");
}

core::Result<Progress> Transport::read(std::span<char> into) {
  if (!tls_) {
    const auto got = core::checked("receive", [&] { return ::recv(socket_.get(), into.data(), into.size(), 0); });
    if (got) return Progress{*got == 0 ? Progress::Kind::end : Progress::Kind::some, static_cast<std::size_t>(*got)};
    if (got.error().system_errno == EAGAIN) return Progress{Progress::Kind::want_read, 0};
    return core::fail(got.error());
  }
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(tls_.get(), into.data(), into.size(), &count);
  if (result == 1) return Progress{Progress::Kind::some, count};
  return tls_failure(result, "read");
}

core::Result<Progress> Transport::tls_failure(int result, const char* attempt) {
  const int error_number = errno;
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Progress{Progress::Kind::want_read, 0};
    case SSL_ERROR_WANT_WRITE:
      return Progress{Progress::Kind::want_write, 0};
    case SSL_ERROR_ZERO_RETURN:
      return Progress{Progress::Kind::end, 0};
    case SSL_ERROR_SYSCALL:
      if (error_number != 0) return core::fail(core::system_error(std::string("TLS ") + attempt, error_number));
      [[fallthrough]];
    default:
      return tls_error(std::string(attempt) + ": " + openssl_reason());
  }
}

}  // namespace uncork::sink
