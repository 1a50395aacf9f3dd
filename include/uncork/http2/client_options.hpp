#pragma once
// What a client may be told.

#include <chrono>
#include <cstddef>

#include "uncork/http2/options.hpp"
#include "uncork/http2/transport_options.hpp"
#include "uncork/stream/liveness.hpp"

namespace boost::asio::ssl {
class context;
}

namespace uncork::http2 {

struct client_options {
  http2::options http2;
  transport_options transport;
  /// For https; null: such addresses are refused. The certificate must be of the host's name, if the context verifies any. Lives
  /// as long as the client. See set_up_client_tls().
  boost::asio::ssl::context* tls = nullptr;
  std::size_t connections = 4;  ///< to one origin; another is made when the server allows no more streams on those there are
  std::chrono::milliseconds connect_timeout{10'000};  ///< for the name, TCP and TLS together
  /// The next address is tried beside one that has not answered in so long (RFC 8305 5).
  std::chrono::milliseconds attempt_delay{250};
  /// When PINGs are sent on a connection with requests under way, and when its peer is given up.
  stream::liveness_limits liveness;
  unsigned retries = 2;  ///< of a request that the server has not processed at all (RFC 9113 8.7)
};

}  // namespace uncork::http2
