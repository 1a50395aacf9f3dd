#pragma once
// What a server may be told, and what it counts.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "uncork/http2/options.hpp"
#include "uncork/http2/transport_options.hpp"

namespace boost::asio::ssl {
class context;
}

namespace uncork::http2 {

struct server_options {
  http2::options http2;
  transport_options transport;
  unsigned threads = 1;               ///< each with an event loop and, by SO_REUSEPORT, a listening socket of its own
  bool http1 = true;                  ///< those who bring HTTP/1.1 are served too, by the same handler
  bool date = true;                   ///< answers get the field `date`
  std::size_t connections = 100'000;  ///< beyond so many, new ones are closed at once
  /// TLS for all listening sockets, with ALPN; null: none, and HTTP/2 by prior knowledge. Lives as long as the server. See
  /// set_up_tls().
  boost::asio::ssl::context* tls = nullptr;
  /// Until a client has shown which HTTP it speaks, TLS handshake included.
  std::chrono::milliseconds greeting_timeout{10'000};
  /// HTTP/1.1: between two requests.
  std::chrono::milliseconds keep_alive{60'000};
};

/// Since the server began, of all threads. Each may be read at any time.
struct server_counters {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> open_connections{0};
  std::atomic<std::uint64_t> refused_connections{0};  ///< beyond server_options::connections
  std::atomic<std::uint64_t> failed_handshakes{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> http1_requests{0};
  std::atomic<std::uint64_t> open_requests{0};    ///< whose handler is not done
  std::atomic<std::uint64_t> failed_handlers{0};  ///< callbacks that threw
  std::atomic<std::uint64_t> resets_received{0};
  std::atomic<std::uint64_t> calmed{0};  ///< connections ended with ENHANCE_YOUR_CALM
  std::atomic<std::uint64_t> bytes_received{0};
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::uint64_t> sends{0};
};

}  // namespace uncork::http2
