#pragma once
// What it costs an HTTP/2 server to send by the frame: one server under five rules of sending, with and without TLS, under load
// of four shapes, under watch.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "lab/criteria.hpp"
#include "lab/http2/http2_server.hpp"
#include "probe/source.hpp"

namespace uncork::lab {

/// Requests under way: so many on each of so many connections.
struct LoadShape {
  unsigned connections = 1;
  unsigned streams = 1;
  bool operator==(const LoadShape&) const = default;
};
inline constexpr std::array<LoadShape, 4> kLoadShapes = {{{1, 1}, {1, 100}, {10, 100}, {100, 10}}};

/// What the load client is asked for: closed loop, one thread.
struct LoadOrder {
  std::string url;
  LoadShape shape;
  std::optional<std::uint64_t> requests;
  core::Micros duration{0};  ///< without `requests`: for so long, and until what is under way is answered
};

/// What it found.
struct LoadFigures {
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  std::uint64_t connections = 0;  ///< that it made
  double per_second = 0;
  core::Micros median{0};   ///< from a request to the end of its answer
  double client_share = 0;  ///< the part of its time that it computed: near 1 it was the limit
};

/// Called several times during the load with how many requests are answered, the first time with none; false ends it.
using LoadWatch = std::function<bool(std::uint64_t done)>;

/// Runs the load client in this process. The lab does not know the client: whoever runs the scenario hands it in.
using Load = std::function<core::Result<LoadFigures>(const LoadOrder& order, const LoadWatch& watch)>;

struct Http2Options {
  unsigned rounds = 5;                    ///< in each, every cell has its turn
  core::Micros slice{200'000};            ///< a cell's time in a round
  std::optional<std::uint64_t> requests;  ///< of a cell and round, however long they take, instead
};

/// One cell as it was measured. Rates are per round, so that cells of the same round can be compared.
struct Http2Row {
  Transport transport = Transport::tcp;
  LoadShape shape;
  Http2Sends sends = Http2Sends::turn;
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
  std::vector<double> requests_per_second;  ///< one figure a round
  std::vector<double> cpu_ns_per_request;   ///< of the server's process, connecting aside; likewise
  std::vector<double> median_us;            ///< the latency; likewise
  std::vector<double> client_share;         ///< likewise
  std::optional<double> sends_per_request;  ///< as the kernel counted them; nothing without the witness
  std::optional<core::Micros> held;         ///< by Nagle or a cork, the witness says; of all rounds
};

struct Http2Result {
  std::vector<Http2Row> rows;
  std::vector<Criterion> criteria;
};

/// Runs the scenario; `source` must be watching already. `on_progress` (rounds done) is asked several times a second and may
/// return false to stop early.
[[nodiscard]] core::Result<Http2Result> run_http2(const Http2Options& options, probe::Source& source, const Load& load,
                                                  const std::function<bool(unsigned)>& on_progress);

/// `TLS LOAD SENDS …`, a line a row, then what was seen of Nagle, then the criteria.
[[nodiscard]] std::string http2_text(const Http2Result& result);
[[nodiscard]] core::Json http2_json(const Http2Result& result);

}  // namespace uncork::lab
