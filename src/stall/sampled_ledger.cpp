#include "stall/sampled_ledger.hpp"

#include <algorithm>

// How an interval between two samples is charged, in the order in which feed() does it:
//
//   limits    the growth of the kernel's chronographs of the peer's window and of the send buffer: exact but for a tick
//   loss      if segments were sent again or the sender recovers: everything since somebody last spoke
//   old hold  the hold of the sample before, up to the time at which data was last sent, or to now if it goes on
//   turns     whoever spoke in the interval decides what the pause before was: thinking, idleness, or the wire
//   new hold  the hold of this sample, from the time at which data was last sent (Nagle) or something was written (cork)
//
// What remains after the last one to speak is an open pause. The order and the words are those of flow_ledger.h, which does the
// same from events.

namespace uncork::stall {
namespace {

using core::Micros;
using core::Time;

// T2: signs of delayed ACKs in the smoothed round trip (measured: a stalled flow had srtt 19.4 ms, rttvar 22 ms and a best round
// trip of 8 us; a healthy one has srtt near the best).
constexpr Micros kSlowAckExcess{8000};

// The kernel's chronographs count in ticks, of 10 ms at the slowest (HZ=100): they may run ahead of our interval by that much.
constexpr Micros kTick{10000};

constexpr Micros kLongest = std::chrono::hours(24 * 365);
constexpr Micros kDelayedAck{UNCORK_DELAYED_ACK_US};
constexpr Micros kAnswerPause{UNCORK_ANSWER_PAUSE_US};

// Both ends sent at least this many segments in one interval: more than one exchange took place, and nobody can say when.
constexpr std::uint32_t kBusySegments = 2;

template <typename T>
T growth(T before, T after) {
  return after > before ? after - before : T{};
}

Micros growth(Micros before, Micros after) { return std::max(after - before, Micros(0)); }

// The time `span` before the sample, but not before `earliest`.
Time ago(const Sample& sample, Micros span, Time earliest) {
  return sample.at - std::clamp(span, Micros(0), sample.at - earliest);
}

// Times that no connection has would overflow sums.
void limit_times(Sample& s) {
  for (Micros* span : {&s.rtt, &s.rtt_variation, &s.min_rtt, &s.since_sent, &s.since_received}) {
    *span = std::clamp(*span, Micros(0), kLongest);
  }
}

bool acks_are_slow(const Sample& s) {
  return !s.recovering && s.min_rtt > Micros(0) && s.rtt - s.min_rtt >= kSlowAckExcess && s.rtt_variation >= s.rtt / 2;
}

bool window_has_no_room(const Sample& s) {
  if (!s.window_bytes) return false;
  const std::uint64_t next = std::min(s.unsent_bytes, s.mss_bytes);
  return std::uint64_t{s.in_flight_bytes} + next > *s.window_bytes;
}

uncork_hold hold_of(const Sample& s) {
  uncork_sender sender{};
  sender.unsent_bytes = s.unsent_bytes;
  sender.mss_bytes = s.mss_bytes;
  sender.flight_bytes = s.unacked_segments > 0 ? std::max<std::uint32_t>(s.in_flight_bytes, 1) : 0;
  sender.small_unacked = 1;  // not in tcp_info: whatever is in flight is taken to end in a small segment
  sender.nodelay = s.nodelay.value_or(false);
  sender.window_limited = window_has_no_room(s);
  sender.congestion_limited = s.unacked_segments >= s.cwnd_segments;
  sender.recovering = s.recovering;
  // T3: with nothing in flight, neither Nagle nor the congestion window has a reason to keep a partial segment.
  sender.more = s.unacked_segments == 0;
  return uncork_hold_of(&sender);
}

bool is_counted(uncork_hold hold) { return hold == UNCORK_HOLD_NAGLE || hold == UNCORK_HOLD_CORK; }

Cause cause_of(uncork_hold hold) {
  switch (hold) {
    case UNCORK_HOLD_WINDOW:
      return Cause::receive_window;
    case UNCORK_HOLD_BUFFER:
      return Cause::send_buffer;
    case UNCORK_HOLD_CONGESTION:
      return Cause::congestion_window;
    case UNCORK_HOLD_PACING:
      return Cause::pacing;
    case UNCORK_HOLD_RECOVERY:
      return Cause::loss_recovery;
    case UNCORK_HOLD_CORK:
      return Cause::cork;
    case UNCORK_HOLD_NAGLE:  // told apart by hold_cause()
    case UNCORK_HOLD_NONE:
    case UNCORK_HOLD_OTHER:
      break;
  }
  return Cause::unattributed;
}

}  // namespace

/// What happened between two samples, and when.
struct SampledLedger::Change {
  bool sent = false;        ///< new data left
  bool wrote = false;       ///< new data was written (sent or not)
  bool received = false;    ///< new data arrived
  bool busy = false;        ///< both ends spoke more than once
  bool peer_first = false;  ///< of the two, if both spoke
  bool peer_last = false;   ///< may be both
  bool retransmitted = false;
  bool limited = false;  ///< by the window or the buffer, as the chronographs say
  Time sent_at{};        ///< each: the last time
  Time wrote_at{};
  Time received_at{};
  Time turns_until{};  ///< what comes later than this is charged to something else than whose turn it was
};

// Who spoke first and last. Times differ by whole ticks only, and much happens within one tick. Then the state tells: data of the
// peer acknowledges what we sent before it, so if ours is acknowledged, and not by a pure ACK, the peer spoke last. It also spoke
// first if several segments of it came and we acknowledged one without data: we had nothing to say in between.
void SampledLedger::order_turns(const Sample& before, const Sample& now, Change& change) {
  const bool outstanding = now.unsent_bytes > 0 || now.unacked_segments > 0;
  const bool acked_without_data = now.received_acks > before.received_acks;
  const bool tie = change.wrote_at == change.received_at;
  change.peer_last = tie ? !outstanding && !acked_without_data : change.received_at > change.wrote_at;
  change.peer_first =
      !change.peer_last || (now.sent_acks > before.sent_acks && now.received_segments > before.received_segments + 1);
}

SampledLedger::Change SampledLedger::change_to(const Sample& now) const {
  const Sample& before = *last_;
  Change change;
  change.sent = now.sent_bytes > before.sent_bytes;
  // Not when bytes leave that were written earlier: that is the end of a hold, and nobody's turn.
  change.wrote = now.sent_bytes + now.unsent_bytes > before.sent_bytes + before.unsent_bytes;
  change.received = now.received_bytes > before.received_bytes;
  change.busy = change.sent && change.received && growth(before.sent_segments, now.sent_segments) >= kBusySegments &&
                growth(before.received_segments, now.received_segments) >= kBusySegments;
  // One segment sent again (a tail loss probe most often) among many exchanges did not hold them up for the whole interval.
  change.retransmitted = now.retransmitted_segments > before.retransmitted_segments && !change.busy;
  change.limited = now.window_limited > before.window_limited || now.buffer_limited > before.buffer_limited;
  change.sent_at = ago(now, now.since_sent, before.at);
  // When bytes were written that still wait is not told: in the middle of the interval is the fairest guess.
  change.wrote_at = change.sent ? change.sent_at : before.at + (now.at - before.at) / 2;
  change.received_at = ago(now, now.since_received, before.at);
  change.turns_until = now.at;
  order_turns(before, now, change);
  return change;
}

void SampledLedger::feed(const Sample& sample) {
  Sample now = sample;
  limit_times(now);
  if (!last_) {
    charged_until_ = exchange_begin_ = exchange_end_ = now.at;
    sent_at_ = now.at - now.since_sent;
    hold_ = hold_of(now);
    last_ = now;
    return;
  }
  now.at = std::max(now.at, last_->at);
  Change change = change_to(now);
  uncork_hold next = hold_of(now);
  if (next == UNCORK_HOLD_NAGLE && change.limited) next = UNCORK_HOLD_OTHER;  // T1 asks that no other limit was at work
  charge_limits(now, change);
  if (change.retransmitted || (now.recovering && now.unacked_segments > 0)) {
    charge_loss(now, change);
  } else {
    continue_hold(now, next, change);
    if (next != UNCORK_HOLD_NONE && change.wrote) change.turns_until = change.wrote_at;
    take_turns(change);
    begin_hold(now, next);
  }
  paid_.wrote_bytes += growth(last_->sent_bytes + last_->unsent_bytes, now.sent_bytes + now.unsent_bytes);
  paid_.received_bytes += growth(last_->received_bytes, now.received_bytes);
  last_ = now;
}

Account SampledLedger::account() const {
  SampledLedger rest = *this;
  rest.pay_hold(rest.hold_cause());
  if (last_) rest.settle_pause(last_->at, rest.pause_cause());
  return rest.paid_;
}

void SampledLedger::charge(Cause cause, Time until) {
  if (until <= charged_until_) return;
  paid_.budget[cause] += until - charged_until_;
  charged_until_ = until;
  if (cause != Cause::idle) exchange_end_ = until;
}

// T5 and its sibling. The surplus of a tick waits for the next interval; more than that would be time counted twice.
void SampledLedger::charge_limits(const Sample& now, Change& change) {
  const Micros most = now.at - last_->at + kTick;
  window_credit_ = std::min(window_credit_ + std::min(growth(last_->window_limited, now.window_limited), most), most);
  buffer_credit_ = std::min(buffer_credit_ + std::min(growth(last_->buffer_limited, now.buffer_limited), most), most);
  if (window_credit_ == Micros(0) && buffer_credit_ == Micros(0)) return;
  if (change.wrote) {
    change.turns_until = last_->at;
    take_turns(change);
  }
  if (is_counted(hold_)) end_hold(last_->at);
  const Micros window = std::min(window_credit_, now.at - charged_until_);
  charge(Cause::receive_window, charged_until_ + window);
  window_credit_ -= window;
  const Micros buffer = std::min(buffer_credit_, now.at - charged_until_);
  charge(Cause::send_buffer, charged_until_ + buffer);
  buffer_credit_ -= buffer;
}

void SampledLedger::charge_loss(const Sample& now, Change& change) {
  change.turns_until = last_->at;
  pay_hold(Cause::loss_recovery);
  take_turns(change);
  charge(Cause::loss_recovery, now.at);
  hold_ = UNCORK_HOLD_NONE;
}

void SampledLedger::continue_hold(const Sample& now, uncork_hold next, const Change& change) {
  if (hold_ == UNCORK_HOLD_NONE) return;
  const Time end = change.sent ? change.sent_at : now.at;
  if (hold_ == UNCORK_HOLD_WINDOW) window_credit_ = Micros(0);  // the same time, told twice
  charge_hold(end);
  if (next != hold_ || (change.sent && is_counted(hold_))) end_hold(end);
}

void SampledLedger::begin_hold(const Sample& now, uncork_hold next) {
  if (next == UNCORK_HOLD_NONE) return;
  if (hold_ == UNCORK_HOLD_NONE) {
    settle_pause(last_->at, pause_cause());
    hold_ = next;
  }
  charge_hold(now.at);
  if (hold_ != UNCORK_HOLD_NAGLE) return;
  held_unacked_ = std::max(held_unacked_, now.since_sent);
  held_by_slow_acks_ = held_by_slow_acks_ || acks_are_slow(now);
}

void SampledLedger::charge_hold(Time until) {
  if (!is_counted(hold_)) return charge(cause_of(hold_), until);
  if (until <= charged_until_) return;
  held_ += until - charged_until_;
  charged_until_ = until;
}

void SampledLedger::end_hold(Time at) {
  charge_hold(at);
  // Data left when the ACK came: from the time the waited-for segment was sent until then, it was not acknowledged.
  if (hold_ == UNCORK_HOLD_NAGLE) held_unacked_ = std::max(held_unacked_, at - sent_at_);
  pay_hold(hold_cause());
  hold_ = UNCORK_HOLD_NONE;
}

void SampledLedger::pay_hold(Cause cause) {
  if (held_ > Micros(0)) {
    paid_.budget[cause] += held_;
    paid_.holds += 1;
    uncork_count_log2(paid_.hold_log2.data(), static_cast<uncork_u64>(held_.count()));
    exchange_end_ = charged_until_;
  }
  held_ = held_unacked_ = Micros(0);
  held_by_slow_acks_ = false;
}

// The delayed-ACK timer's fault if the ACK was seen to stay away for that long beyond the best round trip, or if the smoothed
// round trip shows (T2) that ACKs on this connection do. Not the finer rule of hold_rule.h: the times here are too coarse for it.
Cause SampledLedger::hold_cause() const {
  if (hold_ != UNCORK_HOLD_NAGLE) return cause_of(hold_);
  const bool stayed_away = held_unacked_ >= last_->min_rtt + kDelayedAck;
  return stayed_away || held_by_slow_acks_ ? Cause::nagle_delayed_ack : Cause::nagle_round_trip;
}

void SampledLedger::take_turns(Change& change) {
  if (change.busy) {  // several exchanges: the requester waited for answers, the responder made them
    settle_pause(last_->at, pause_cause());
    const Time until = std::min(std::max(change.sent_at, change.received_at), change.turns_until);
    charge(role_ == Role::responder ? Cause::local_think : Cause::peer_think, until);
  }
  const bool both = change.wrote && change.received;
  const Time received_at = std::min(change.received_at, change.turns_until);
  const Time wrote_at = std::min(change.wrote_at, change.turns_until);
  if (change.received && (!both || change.peer_first)) turn(Actor::peer, both ? std::min(received_at, wrote_at) : received_at);
  if (change.wrote) turn(Actor::us, wrote_at);
  if (change.sent) sent_at_ = change.sent_at;
  if (both && change.peer_last) turn(Actor::peer, received_at);
  change.wrote = change.received = change.busy = false;
}

// As uncork_turn of flow_ledger.h.
void SampledLedger::turn(Actor actor, Time at) {
  if (role_ == Role::unknown) role_ = actor == Actor::us ? Role::requester : Role::responder;
  const bool asks = (role_ == Role::requester) == (actor == Actor::us);
  const bool late = at > charged_until_ + kAnswerPause && hold_ == UNCORK_HOLD_NONE;
  const bool begins = phase_ == Phase::quiet || (phase_ == Phase::answer && (asks || late));
  if (hold_ == UNCORK_HOLD_NONE) {
    settle_pause(at, begins ? Cause::idle : actor == Actor::us ? Cause::local_think : Cause::peer_think);
  } else {
    charge_hold(at);
  }
  if (begins) {
    finish_exchange();
    paid_.exchanges += 1;
    exchange_begin_ = exchange_end_ = charged_until_;
  }
  phase_ = asks ? Phase::request : Phase::answer;
}

// First the part in which our last bytes were still on the wire, then `cause`.
void SampledLedger::settle_pause(Time until, Cause cause) {
  if (phase_ != Phase::quiet) charge(Cause::network, std::min(until, sent_at_ + last_->min_rtt));
  charge(cause, until);
}

void SampledLedger::finish_exchange() {
  if (paid_.exchanges == 0) return;
  uncork_count_log2(paid_.exchange_log2.data(), static_cast<uncork_u64>((exchange_end_ - exchange_begin_).count()));
}

// Whose turn it is while nobody has spoken.
Cause SampledLedger::pause_cause() const {
  if (last_->closed) return Cause::idle;
  if (phase_ != Phase::request) return Cause::idle;
  return role_ == Role::responder ? Cause::local_think : Cause::peer_think;
}

}  // namespace uncork::stall
