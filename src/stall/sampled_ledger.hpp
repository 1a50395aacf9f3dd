#pragma once
// The stall ledger of one connection end from samples of its tcp_info: what is left when the kernel cannot be asked for events.

#include <cstdint>
#include <optional>

#include "core/clock.hpp"
#include "stall/account.hpp"
#include "stall/event.hpp"

namespace uncork::stall {

/// One look at a sender's end. Counters count from any origin; a counter that steps back counts as standing still. Fields that
/// the kernel does not tell stay as they are here, and the rules that need them do not apply.
struct Sample {
  core::Time at{};
  std::uint32_t unacked_segments = 0;
  std::uint32_t in_flight_bytes = 0;  ///< sent and not acknowledged
  std::uint32_t unsent_bytes = 0;     ///< written and not sent
  std::uint32_t mss_bytes = 0;
  std::uint32_t cwnd_segments = 0;
  std::optional<std::uint32_t> window_bytes{};  ///< offered by the peer
  bool recovering = false;                      ///< ca_state is Recovery or Loss
  bool closed = false;                          ///< an end has closed: nobody thinks any more
  std::uint32_t retransmitted_segments = 0;     ///< counter
  core::Micros rtt{0};                          ///< smoothed
  core::Micros rtt_variation{0};
  core::Micros min_rtt{0};              ///< 0: not known
  core::Micros since_sent{0};           ///< time since data was last sent
  core::Micros since_received{0};       ///< time since data last arrived
  std::uint64_t sent_bytes = 0;         ///< counter: new data, without retransmissions
  std::uint64_t received_bytes = 0;     ///< counter
  std::uint32_t sent_segments = 0;      ///< counter: those that carried data
  std::uint32_t received_segments = 0;  ///< counter: those that carried data
  std::uint32_t sent_acks = 0;          ///< counter: segments that carried none
  std::uint32_t received_acks = 0;      ///< counter: segments that carried none
  core::Micros window_limited{0};       ///< counter: the kernel's chronograph of the peer's window
  core::Micros buffer_limited{0};       ///< counter: the same of the send buffer
  std::optional<bool> nodelay{};        ///< TCP_NODELAY is not in tcp_info: known only if somebody looked
};

/// The ledger of one connection end, in virtual time. Sans-I/O; not thread-safe; any row of samples is accepted.
///
/// Coarse by nature: a sample says what held the bytes at that moment, and that is taken to hold for the interval between two
/// samples, cut where the kernel's own "last data sent" and "last data received" (1 to 10 ms fine) say that it changed. Holds and
/// exchanges shorter than the interval are seen by luck or not at all; writes are never seen (Account::writes stays 0).
///
/// The rules are those of hold_rule.h, on what a sample shows; how a Nagle hold is told to be a delayed ACK's fault, and how the
/// time in which nothing was held is split, is in the .cpp. Invariant: account().budget.total() is the time from the first
/// sample to the last, exactly.
class SampledLedger {
 public:
  /// `role`: whether this end asks or answers; unknown: whoever is seen to speak first asks.
  explicit SampledLedger(Role role = Role::unknown) : role_(role) {}

  /// A sample that is older than the one before it counts as taken at the same time.
  void feed(const Sample& sample);

  /// Everything up to the last sample. What is still open (a running hold, a pause) is charged to what it looks like so far,
  /// and may move to another cause once its end is seen.
  [[nodiscard]] Account account() const;
  [[nodiscard]] Role role() const { return role_; }

 private:
  enum class Actor : std::uint8_t { us, peer };
  struct Change;

  [[nodiscard]] Change change_to(const Sample& now) const;
  static void order_turns(const Sample& before, const Sample& now, Change& change);
  void charge(Cause cause, core::Time until);
  void charge_limits(const Sample& now, Change& change);
  void charge_loss(const Sample& now, Change& change);
  void continue_hold(const Sample& now, uncork_hold next, const Change& change);
  void begin_hold(const Sample& now, uncork_hold next);
  void charge_hold(core::Time until);
  void end_hold(core::Time at);
  void pay_hold(Cause cause);
  void take_turns(Change& change);
  void turn(Actor actor, core::Time at);
  void settle_pause(core::Time until, Cause cause);
  void finish_exchange();
  [[nodiscard]] Cause hold_cause() const;
  [[nodiscard]] Cause pause_cause() const;

  enum class Phase : std::uint8_t { quiet, request, answer };

  std::optional<Sample> last_;
  Account paid_;
  core::Time charged_until_{};  // all before it is in paid_ or held_; what follows is a pause whose cause its end will tell
  core::Time sent_at_{};
  core::Time exchange_begin_{};
  core::Time exchange_end_{};
  core::Micros window_credit_{0};
  core::Micros buffer_credit_{0};

  uncork_hold hold_ = UNCORK_HOLD_NONE;
  core::Micros held_{0};            // the running Nagle or cork hold
  core::Micros held_unacked_{0};    // how long the segment that Nagle waits for went unacknowledged
  bool held_by_slow_acks_ = false;  // T2 held in a sample of the running hold

  Role role_;
  Phase phase_ = Phase::quiet;
};

}  // namespace uncork::stall
