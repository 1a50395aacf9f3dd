#pragma once
// When a peer is dead, when it is only slow, and when to send a heartbeat. Without I/O, in the time that it is told.

#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <optional>

namespace uncork::stream {

/// Which events prove a life.
enum class liveness_policy {
  /// zrepl before its fix (and Go's WriteByteTimeout): a waiting write has the silence limit, renewed only by own bytes
  /// accepted. It kills receivers that are slow, not dead: their kernel may offer no window for 30 s.
  own_progress,
  /// zrepl after it (commit d6304f4): a heartbeat that comes in renews the write as well. Data frames do not, so a peer that
  /// sends data, and hence no heartbeats, is killed.
  heartbeat,
  /// Every frame is a sign of life, for readers and writers alike, and a second, longer limit is for the peer that lives and
  /// takes nothing.
  any_frame
};

struct liveness_limits {
  using duration = std::chrono::steady_clock::duration;

  liveness_policy policy = liveness_policy::any_frame;
  /// T: a peer that has given no sign of life for so long is dead.
  duration silence = std::chrono::seconds(10);
  /// L, of any_frame only: a living peer must take some of what waits for it within this. Give it more than its whole window
  /// takes at the slowest acceptable rate: 128 KiB at 5 kB/s are 25 s, and gaps of 30 s were measured at that rate.
  duration no_progress = std::chrono::seconds(120);
  /// Without a frame sent for so long, a heartbeat goes out. None: a third of `silence`, so that two may be late or lost. It
  /// must be well below the peer's own silence limit.
  std::optional<duration> interval;
};

/// Which clock has run out. `silence` and, under the policies after zrepl, `writing` mean peer_silent.
enum class liveness_clock { none, silence, writing, no_progress };

/// Judges one connection from what its driver tells: times never go back.
///
/// Silence, under every policy, is the time since valid bytes came in, of a frame of any kind, whole or not. Every live peer
/// sends some: it heartbeats when it has nothing else to send. Our own bytes are no sign of its life. That the kernel accepts
/// them, or that the peer's kernel acknowledges them, goes on after the process was stopped, until its window is full: at best a
/// round trip, with a large window on a slow path minutes. (Measured with both counted, T = 1 s: a stopped peer was found after
/// up to 1.21 s instead of 0.70 s, by way of a window probe.)
///
/// Progress, for the no-progress limit of any_frame, is
///   E1  own bytes accepted by the kernel, if it had refused them before. Room in a full buffer comes from an acknowledgement;
///       room in one that is not full proves nothing, and our own heartbeats of eight bytes would renew the limit until they fill
///       megabytes of send buffer;
///   E2  bytes_acked moved.
/// The limit runs while own bytes wait or are not acknowledged. Frames that come in do not renew it: else a peer that heartbeats
/// without ever reading would hold a writer forever.
///
/// A value; not thread-safe.
class liveness {
 public:
  using clock = std::chrono::steady_clock;
  using time_point = clock::time_point;
  using duration = clock::duration;

  liveness(const liveness_limits& limits, time_point now);

  /// The kernel has refused bytes of ours: a write waits.
  void refused(time_point now);
  /// The kernel has accepted bytes of ours. The write waits no longer, unless refused() follows.
  void accepted(time_point now);
  /// The write that waited was taken back: nothing waits, and nothing has moved.
  void withdrawn() noexcept { waiting_ = false; }
  /// What the kernel knows of our bytes: tcp_progress. Where it knows nothing, only a waiting write counts as outstanding.
  void acknowledged(std::uint64_t bytes_acked, std::uint64_t unacknowledged, time_point now);
  /// Valid bytes have come in, of whatever frame.
  void received(time_point now);
  /// A whole heartbeat has come in.
  void heartbeat_received(time_point now);
  /// We do not read: silence cannot be judged. The no-progress limit stays.
  void pause_reading() noexcept { reading_ = false; }
  /// We read again; the peer has the whole silence limit from here.
  void resume_reading(time_point now);

  /// A frame other than a heartbeat has been written whole. If the heartbeat was due before, it stays due: a peer under the
  /// policy `heartbeat` waits for it.
  void frame_sent(time_point now);
  void heartbeat_sent(time_point now);
  [[nodiscard]] time_point heartbeat_due() const noexcept;

  /// When the peer is given up if nothing happens before; time_point::max() if never.
  [[nodiscard]] time_point next_deadline() const noexcept;
  /// The clock that has run out at `now`.
  [[nodiscard]] liveness_clock expired(time_point now) const noexcept;
  /// peer_silent or no_progress if a clock has run out at `now`.
  [[nodiscard]] boost::system::error_code check(time_point now) const noexcept;

  /// Whether a write waits.
  [[nodiscard]] bool waiting() const noexcept { return waiting_; }
  /// Whether own bytes wait, or the kernel said when last asked that some are not acknowledged.
  [[nodiscard]] bool outstanding() const noexcept { return waiting_ || unacknowledged_; }
  /// The longest that a write has waited until bytes were accepted, one that still waits at `now` included.
  [[nodiscard]] duration longest_wait(time_point now) const noexcept;
  /// When the no-progress limit was last renewed, or began.
  [[nodiscard]] time_point last_progress() const noexcept { return progress_; }

 private:
  [[nodiscard]] bool any_frame() const noexcept { return limits_.policy == liveness_policy::any_frame; }
  [[nodiscard]] time_point silence_deadline() const noexcept;
  [[nodiscard]] time_point write_deadline() const noexcept;
  [[nodiscard]] time_point progress_deadline() const noexcept;

  liveness_limits limits_;
  duration interval_;
  time_point sign_;           // when something came in last, or judging began
  time_point write_clock_;    // of the policies after zrepl: from here a waiting write has the silence limit
  time_point waiting_since_;  // the refusal
  time_point progress_;
  time_point last_sent_;
  duration longest_wait_{0};
  std::optional<std::uint64_t> bytes_acked_;
  bool reading_ = true;
  bool waiting_ = false;
  bool unacknowledged_ = false;
};

}  // namespace uncork::stream
