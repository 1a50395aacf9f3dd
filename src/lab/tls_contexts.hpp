#pragma once
// A server's and a client's TLS context with a certificate made for the occasion: no file, no authority, one process.

#include <boost/asio/ssl/context.hpp>

namespace uncork::lab {

/// The client trusts exactly the server's self-signed certificate (P-256, named localhost). Throws std::runtime_error if OpenSSL
/// cannot.
struct TlsContexts {
  TlsContexts();
  boost::asio::ssl::context server{boost::asio::ssl::context::tls_server};
  boost::asio::ssl::context client{boost::asio::ssl::context::tls_client};
};

}  // namespace uncork::lab
