#pragma once
// What a proxy did, for a person and for a program.

#include <cstdint>
#include <optional>
#include <string>

#include "core/endpoint.hpp"
#include "core/error.hpp"
#include "relay/proxy_options.hpp"

namespace uncork::relay {

/// One direction. `bytes` and `chunks` count what was received, as the log does.
struct Traffic {
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t forwarded_bytes = 0;     ///< written to the other side; less than `bytes` when a connection was cut
  std::uint64_t most_waiting_bytes = 0;  ///< the most that one connection had waiting

  /// Sums the counts; of the most that waited, keeps the larger.
  Traffic& operator+=(const Traffic& other);
  bool operator==(const Traffic&) const = default;
};

/// What Proxy::run() returns.
struct ProxySummary {
  std::uint64_t connections = 0;      ///< accepted
  std::uint64_t failed_connects = 0;  ///< of these, closed because the target could not be reached
  Traffic c2s;
  Traffic s2c;
  std::optional<core::Error> log_error;  ///< why the chunk log is incomplete

  bool operator==(const ProxySummary&) const = default;
};

/// `listening on A, connecting to B`: other programs parse it.
[[nodiscard]] std::string listening_line(const core::Endpoint& listening, const core::Endpoint& target);
/// `c2s 1200 bytes in 100 chunks, s2c 12 bytes in 1 chunk (4 bytes not forwarded)`.
[[nodiscard]] std::string traffic_text(const Traffic& c2s, const Traffic& s2c);
[[nodiscard]] std::string summary_line(const ProxySummary& summary);

/// One JSON object each, no newline; docs/proxy.md describes the fields.
[[nodiscard]] std::string listening_json(const core::Endpoint& listening, const ProxyOptions& options);
[[nodiscard]] std::string summary_json(const ProxySummary& summary);

}  // namespace uncork::relay
