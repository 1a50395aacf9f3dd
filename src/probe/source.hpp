#pragma once
// Where connections and their ledgers come from on a live machine: the kernel's witness, or sampling.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "stall/service.hpp"
#include "stall/verdict.hpp"

namespace uncork::probe {

/// What a socket showed beside its ledger.
struct SocketShown {
  core::Micros round_trip{0};    ///< smoothed; 0: never measured
  std::uint32_t sent_again = 0;  ///< segments, in all
  std::uint32_t mss_bytes = 0;
  std::uint32_t congestion_window = 0;  ///< segments
  std::uint32_t in_flight = 0;          ///< segments
  std::uint32_t unsent_bytes = 0;
  bool corked = false;  ///< TCP_CORK; known where TCP_NODELAY is
};

/// One end of a connection with its ledger as it stands.
struct ConnectionRow {
  stall::ConnectionEnd where;
  int fd = -1;         ///< the descriptor in `where.process`; -1: not known
  bool ended = false;  ///< the socket is gone and this is its last ledger
  stall::Role role = stall::Role::unknown;
  std::int32_t host_pid = 0;  ///< of `where.process` in the first pid namespace; 0: not known
  bool is_writer = false;     ///< `where.process` is the one that wrote first (several may share a socket)
  stall::Account account;
  SocketShown shown{};
};

/// Whether a connection is wanted, as it is now; empty: every one is. A connection that was wanted once stays so.
using Wanted = std::function<bool(const ConnectionRow&)>;

/// A live source. One thread; poll() as often as the display wants (in between, the
/// witness's programs keep the books in the kernel, and a sampler samples on a thread of its own).
class Source {
 public:
  virtual ~Source() = default;
  /// Every connection end that is open and has carried something, plus those that ended since the last call (once each).
  [[nodiscard]] virtual core::Result<std::vector<ConnectionRow>> poll() = 0;
  [[nodiscard]] virtual stall::Confidence confidence() const = 0;
  /// The sums by service since this source began, as of the last poll(); an empty list from a source that does not keep them.
  [[nodiscard]] virtual core::Result<std::vector<stall::Service>> services() { return std::vector<stall::Service>{}; }
  /// Connections that ended and that poll() did not tell of, because they lost nothing.
  [[nodiscard]] virtual std::uint64_t untold() const { return 0; }
  /// What this source cannot see or has lost, one sentence each; empty: nothing.
  [[nodiscard]] virtual std::vector<std::string> limits() const = 0;
};

}  // namespace uncork::probe
