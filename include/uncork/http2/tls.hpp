#pragma once
// What HTTP/2 asks of TLS (RFC 9113 9.2), as OpenSSL is told it.

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <cstddef>
#include <string_view>

namespace uncork::http2 {
namespace detail {

/// ALPN's list: a length before each name.
inline constexpr std::string_view kBothVersions = "\x02h2\x08http/1.1";
inline constexpr std::string_view kHttp2Alone = "\x02h2";

/// The server's preference decides; a client that knows none of ours is refused, as RFC 7301 3.2 asks.
inline int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                           unsigned offered_size, void* ours) {
  const std::string_view list = ours == nullptr ? kHttp2Alone : kBothVersions;
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, chosen_size, reinterpret_cast<const unsigned char*>(list.data()),
                                           static_cast<unsigned>(list.size()), offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// TLS 1.2 with forward secrecy and authenticated encryption, or later: the ciphers that RFC 9113 Appendix A does not prohibit.
inline void set_up_ciphers(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
}

}  // namespace detail

/// Makes `context`, which has its certificate, fit for server_options::tls: ALPN for HTTP/2, and for HTTP/1.1 if `http1`.
inline void set_up_server_tls(boost::asio::ssl::context& context, bool http1 = true) {
  detail::set_up_ciphers(context.native_handle());
  static char is_both = 0;
  SSL_CTX_set_alpn_select_cb(context.native_handle(), detail::choose_protocol, http1 ? &is_both : nullptr);
}

/// Makes `context` fit for client_options::tls. Whether certificates are verified, and against which roots, is the caller's
/// choice: context.set_verify_mode(verify_peer) and set_default_verify_paths().
inline void set_up_client_tls(boost::asio::ssl::context& context) { detail::set_up_ciphers(context.native_handle()); }

}  // namespace uncork::http2
