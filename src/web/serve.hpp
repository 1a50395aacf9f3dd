#pragma once
// The HTTP server of `uncork h2 serve`.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "uncork/http2/transport_options.hpp"

namespace uncork::web {

struct ServeOptions {
  std::vector<core::Endpoint> listen;
  std::string root;                   ///< a folder whose files are served; empty: `body` is
  std::string body = "Hello world!";  ///< the answer to every request
  bool hidden_files = false;          ///< below `root`, those whose name begins with a dot too
  std::string certificate;            ///< a PEM file, with `key`; empty: no TLS
  std::string key;
  unsigned threads = 1;
  http2::flush_rule flush = http2::flush_rule::turn;
  bool nagle = false;
  bool http1 = true;
  std::size_t memory = std::size_t{512} * 1024 * 1024;  ///< bytes that all connections of HTTP/2 may hold together
  core::Micros grace{10'000'000};                       ///< for requests under way when it is told to end
};

/// What a server has done until it ended.
struct ServeSummary {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t http1_requests = 0;
  std::uint64_t calmed = 0;  ///< connections ended with ENHANCE_YOUR_CALM
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t sends = 0;
};

/// Serves until SIGINT or SIGTERM, then finishes what is under way. `on_listening` is told where, one for each address, once all
/// of them listen. Blocks; call it before there are other threads.
[[nodiscard]] core::Result<ServeSummary> serve(const ServeOptions& options,
                                               const std::function<void(const std::vector<core::Endpoint>&)>& on_listening);

}  // namespace uncork::web
