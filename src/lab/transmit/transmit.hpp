#pragma once
// What a file costs on the wire by six ways of sending it, and what serving one costs beside nginx.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/histogram.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "lab/coalesce/message_sender.hpp"
#include "lab/criteria.hpp"
#include "probe/source.hpp"

namespace uncork::lab {

struct TransmitOptions {
  unsigned runs = 50;              ///< exchanges a cell
  unsigned rounds = 12;            ///< in each, both servers have their turn
  unsigned transfers = 6;          ///< of the large file, a server and round
  std::uint64_t large = 64 << 20;  ///< bytes of the large file
};

inline constexpr std::size_t kHeadBytes = 300;
inline constexpr std::size_t kTailBytes = 80;

/// One file size sent by one strategy: exchanges on one warm connection, each a message and the peer's answer of one byte.
struct TransmitRow {
  SendStrategy strategy = SendStrategy::plain;
  std::uint64_t file_bytes = 0;
  std::uint32_t mss = 0;
  std::uint64_t minimum_segments = 0;
  std::vector<std::uint32_t> segments;  ///< of each exchange, in order; retransmissions left out
  std::uint64_t retransmitted = 0;
  core::Histogram times;             ///< of the exchanges
  unsigned stalls = 0;               ///< exchanges of 38 ms and more
  std::optional<core::Micros> held;  ///< by Nagle or a cork in all of them, warm-up included; nothing without the witness
};

/// A server of the large file; one figure a round.
struct ServingRow {
  std::string server;
  std::vector<double> gigabytes_per_second;
  std::vector<double> cpu_ms_per_gigabyte;  ///< of the server's process
};

struct TransmitResult {
  std::vector<TransmitRow> rows;
  std::vector<ServingRow> serving;               ///< ours, nginx; without the second if there is none
  std::string why_no_nginx;                      ///< empty: there is
  std::optional<std::int64_t> memory_growth_kb;  ///< of our server's peak, from its first transfer to its last
  std::vector<Criterion> criteria;
};

/// The file sizes of the cells: small ones first, the large one last. Two make messages of whole segments of 1448 bytes.
[[nodiscard]] std::vector<std::uint64_t> transmit_sizes(const TransmitOptions& options);

/// Runs the scenario on a link of its own; `source` must be watching already. `on_progress` (what is under way) may return false
/// to stop early. Errors: those of the link (no right to make one), of the processes, or that it was stopped.
[[nodiscard]] core::Result<TransmitResult> run_transmit(const TransmitOptions& options, probe::Source& source,
                                                        const std::function<bool(const std::string&)>& on_progress);

/// A line a row, then the servers, then the criteria.
[[nodiscard]] std::string transmit_text(const TransmitResult& result);
[[nodiscard]] core::Json transmit_json(const TransmitResult& result);

}  // namespace uncork::lab
