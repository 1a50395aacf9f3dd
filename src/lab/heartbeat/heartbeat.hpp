#pragma once
// Who is called dead: three rules of liveness against a peer that reads slowly, one that also talks, one that is stopped, and one
// that heartbeats without reading. The experiment of a zrepl test that never said what must come out; here it does.

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "lab/criteria.hpp"
#include "probe/source.hpp"
#include "uncork/stream/liveness.hpp"

namespace uncork::lab {

struct HeartbeatOptions {
  double scale = 0.1;  ///< of the original times
  unsigned seeds = 6;  ///< runs of each cell, the peer's pauses drawn anew
};

/// The original times by the scale.
struct HeartbeatTimes {
  explicit HeartbeatTimes(double scale);
  core::Micros interval;     ///< 5 s: without a frame sent, then a heartbeat
  core::Micros silence;      ///< T, 10 s
  core::Micros no_progress;  ///< L, 120 s
  core::Micros pause;        ///< 500 ms: the deviation of the peer's pauses
  core::Micros data;         ///< 3 s, more often than heartbeats: of the peer that talks
  core::Micros run;          ///< 120 s
  core::Micros stop_at;      ///< 48 s: then one peer is stopped
};

/// What the peer does. Each but `unread` reads about 5 frames of 1 KiB a second (at scale 1).
enum class PeerKind {
  slow,     ///< and heartbeats
  duplex,   ///< and sends data, so that it has no need to heartbeat
  stopped,  ///< like slow, until SIGSTOP
  unread    ///< reads nothing, and heartbeats
};

struct HeartbeatSetup {
  PeerKind peer = PeerKind::slow;
  stream::liveness_policy policy = stream::liveness_policy::any_frame;
  bool operator==(const HeartbeatSetup&) const = default;
};

/// The cells, in the order in which they are shown.
[[nodiscard]] const std::vector<HeartbeatSetup>& heartbeat_setups();

/// One run of one cell as it was measured: a writer that always has something to write.
struct HeartbeatRow {
  HeartbeatSetup setup;
  unsigned seed = 0;
  core::Micros ran{0};              ///< until the end of the run, or of the connection
  boost::system::error_code error;  ///< which ended the connection; none: the run was over
  stream::liveness_clock expired = stream::liveness_clock::none;
  core::Micros longest_gap{0};                 ///< in which no more of the writer's bytes were accepted
  std::optional<core::Micros> after_stop;      ///< from SIGSTOP to the error
  std::optional<core::Micros> since_progress;  ///< from the last byte accepted or acknowledged to the error
  std::uint64_t heartbeats_received = 0;
  std::uint64_t frames_received = 0;  ///< data of the peer's
  std::uint64_t frames_sent = 0;
  std::optional<std::uint64_t> frames_checked;  ///< that the peer has read
  std::uint64_t frames_out_of_order = 0;        ///< of them
  std::optional<core::Micros> receive_window;   ///< charged to the peer's window by the kernel's ledger
  double receive_window_share = 0;              ///< of the writer's time with bytes under way
  std::string failed_because;                   ///< empty: it behaved as its setup must
};

struct HeartbeatResult {
  HeartbeatTimes times;
  std::vector<HeartbeatRow> rows;
  std::vector<Criterion> criteria;
};

struct HeartbeatProgress {
  core::Micros elapsed;
  core::Micros expected;
  std::size_t ended;
  std::size_t runs;
};

/// Runs all cells at once, each with its own connection and its own child process; `source` must be watching already.
/// `on_progress` is called several times a second and may return false to stop early.
[[nodiscard]] core::Result<HeartbeatResult> run_heartbeat(const HeartbeatOptions& options, probe::Source& source,
                                                          const std::function<bool(const HeartbeatProgress&)>& on_progress);

/// A line a cell, those that failed under it, then the criteria.
[[nodiscard]] std::string heartbeat_text(const HeartbeatResult& result);
[[nodiscard]] core::Json heartbeat_json(const HeartbeatResult& result);

}  // namespace uncork::lab
