#pragma once
// The load client of `uncork h2 load`.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/histogram.hpp"
#include "core/result.hpp"
#include "web/request.hpp"

namespace uncork::web {

struct LoadOptions {
  std::string url;
  RequestOptions request;
  unsigned connections = 1;
  unsigned streams = 1;  ///< requests under way on each connection, if the server allows so many
  unsigned threads = 1;  ///< each with an event loop and its part of the connections
  std::uint64_t requests = 10'000;
  std::optional<core::Micros> duration;  ///< instead of `requests`
  core::Micros warm_up{0};               ///< before what counts begins
  /// Requests become due at so many a second on all connections together, whatever becomes of those before; each is timed from
  /// when it was due. Nothing: the next one is sent when one has been answered.
  std::optional<double> rate;
  core::Micros timeout = std::chrono::seconds(30);  ///< for a request
};

/// Of what was due after the warm-up.
struct LoadResult {
  std::uint64_t answered = 0;                     ///< with a status of 2xx or 3xx
  std::map<std::string, std::uint64_t> failures;  ///< the others, by what became of them
  std::uint64_t bytes = 0;                        ///< of bodies
  core::Micros taken{0};                          ///< from the first request to the last answer
  core::Histogram latencies;                      ///< of the answered ones
  std::uint64_t sends = 0;                        ///< system calls
  std::uint64_t reads = 0;                        ///< likewise, those that brought answers
  std::uint64_t wire_sent = 0;                    ///< bytes
  std::uint64_t wire_received = 0;
  std::uint64_t connections = 0;   ///< that were made, those that took the place of ended ones too
  std::uint64_t most_waiting = 0;  ///< with a rate: due, and without a stream, at once
  std::uint64_t never_sent = 0;    ///< with a rate: still so at the end; else those left when the client gave up
  std::uint64_t asked_again = 0;   ///< which the server had not processed when it ended a connection (GOAWAY)
  std::string gave_up;             ///< why no connection was kept any more; empty: it ended in order
  std::chrono::nanoseconds client_cpu{0};
  unsigned threads = 1;

  [[nodiscard]] std::uint64_t failed() const;
  [[nodiscard]] double per_second() const;
  /// The part of its threads' time that this client computed: near 1 it was the limit, not the server.
  [[nodiscard]] double client_share() const;
};

/// How far it is.
struct LoadProgress {
  std::uint64_t done = 0;
  core::Micros since_begin{0};
};

/// Loads the server until all is done, or until `on_progress`, called several times a second in this thread, gives false: then
/// with what was measured so far. Certificates are not looked at. Blocks. Errors: the URL is none; no connection can be made, or
/// none is kept.
[[nodiscard]] core::Result<LoadResult> load(const LoadOptions& options,
                                            const std::function<bool(const LoadProgress&)>& on_progress);

}  // namespace uncork::web
