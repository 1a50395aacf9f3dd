#include "stall/ledger.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace uncork::stall {
namespace {

std::uint64_t micros_of(core::Time at) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(at.time_since_epoch().count(), 0));
}

core::Time time_of(std::uint64_t us) { return core::Time(core::Micros(static_cast<std::int64_t>(us))); }

std::uint32_t clamp_u32(std::int64_t value) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, 0, std::numeric_limits<std::uint32_t>::max()));
}

// An Ethernet segment's payload with timestamps, until the source has told the connection's own.
constexpr std::uint32_t kDefaultMss = 1448;

}  // namespace

void Ledger::open(const Event& event) {
  opened_ = true;
  uncork_open(&flow_, micros_of(event.at), static_cast<uncork_u8>(event.role));
  sender_.mss_bytes = kDefaultMss;
}

void Ledger::apply(const SenderState& state) {
  if (state.mss_bytes != 0) sender_.mss_bytes = state.mss_bytes;
  flow_.min_rtt_us = clamp_u32(state.min_rtt.count());
  sender_.nodelay = state.nodelay;
  sender_.corked = state.corked;
  sender_.more = state.more;
  sender_.paced = state.paced;
  sender_.window_limited = state.window_limited;
  sender_.writer_blocked = state.writer_blocked;
  sender_.buffer_fixed = state.buffer_fixed;
  sender_.congestion_limited = state.congestion_limited;
  sender_.recovering = state.recovering;
  flow_.recovering = state.recovering;
  flow_.window_credit_us += clamp_u32(state.window_limited_for.count());
  flow_.buffer_credit_us += clamp_u32(state.buffer_limited_for.count());
}

void Ledger::refresh_sender() {
  sender_.unsent_bytes = clamp_u32(static_cast<std::int64_t>(wrote_ - sent_));
  sender_.flight_bytes = clamp_u32(static_cast<std::int64_t>(sent_ - acked_));
  sender_.small_unacked = last_small_end_ > acked_;
}

// Whether the ACKs so far let go what is held (tcp_ack() pushes what is pending, with the socket's own flags: MSG_MORE is none).
bool Ledger::releases() const {
  const bool small_acked = acked_ >= last_small_end_;
  if (flow_.hold == UNCORK_HOLD_CORK) return sender_.corked == 0 && (small_acked || sender_.nodelay != 0);
  return small_acked;
}

void Ledger::feed(const Event& event) {
  if (closed_) return;
  if (!opened_) {
    open(event);
    if (event.kind == EventKind::opened) {
      apply(event.state);
      return;
    }
  }
  const std::uint64_t at = std::max<std::uint64_t>(micros_of(event.at), flow_.charged_until_us);
  const bool later = at > flow_.charged_until_us && event.kind != EventKind::received && event.kind != EventKind::read;
  const std::uint32_t begun = flow_.exchanges;
  switch (event.kind) {
    case EventKind::opened:  // told twice: only what is new
    case EventKind::option_changed:
    case EventKind::sampled:
      apply(event.state);
      break;
    case EventKind::wrote:
      uncork_wrote(&flow_, at, event.continued);
      flow_.writes += event.continued ? 0 : 1;
      flow_.wrote_bytes += event.bytes;
      wrote_ += event.bytes;
      uncork_waits(&flow_, at, static_cast<uncork_u32>(wrote_), event.continued);
      break;
    case EventKind::sent:
      sent_ += event.bytes;
      wrote_ = std::max(wrote_, sent_);
      uncork_sent(&flow_, at, static_cast<uncork_u32>(sent_), sender_.nodelay);
      if (event.bytes % sender_.mss_bytes != 0) last_small_end_ = sent_;  // tcp_minshall_update
      break;
    case EventKind::acked:
      acked_ = std::min(acked_ + event.bytes, sent_);
      uncork_acked(&flow_, at, releases(), event.on_data);
      break;
    case EventKind::received:
      uncork_received(&flow_, at);
      flow_.received_bytes += event.bytes;
      break;
    case EventKind::read:
      uncork_read(&flow_, at);
      break;
    case EventKind::retransmitted:
      uncork_retransmitted(&flow_, at, event.fin_only);
      break;
    case EventKind::reported:
      uncork_reported(&flow_, event.bytes);
      break;
    case EventKind::finished:
      uncork_finished(&flow_, at);
      break;
    case EventKind::closed:
      uncork_closed(&flow_, at);
      closed_ = true;
      break;
  }
  if (flow_.exchanges != begun) {
    if (begun != 0) finish_exchange(account_of(flow_).budget);
    exchange_base_ = account_of(flow_).budget;
    exchange_begin_ = time_of(flow_.exchange_begin_us);
  } else if (event.kind == EventKind::closed && flow_.exchanges != 0) {
    finish_exchange(account_of(flow_).budget);
  }
  refresh_sender();
  if (event.kind == EventKind::acked) {
    let_go_ = flow_.hold == UNCORK_HOLD_NONE && sender_.unsent_bytes != 0;
  } else if (event.kind == EventKind::wrote || event.kind == EventKind::sent || later) {
    let_go_ = false;
  }
  if (!let_go_ && event.kind != EventKind::closed && event.kind != EventKind::finished) uncork_look(&flow_, at, &sender_);
}

core::Micros Ledger::pending() const {
  return core::Micros(
      static_cast<std::int64_t>(std::accumulate(std::begin(flow_.pending_us), std::end(flow_.pending_us), uncork_u64{0})));
}

Account Ledger::concluded() const {
  uncork_flow flow = flow_;
  uncork_conclude(&flow, flow.charged_until_us);
  return account_of(flow);
}

void Ledger::finish_exchange(const Budget& now) {
  Exchange exchange;
  exchange.budget = now;
  exchange.budget -= exchange_base_;
  exchange.budget[Cause::idle] = core::Micros(0);  // lies after its end: charged when the next one began
  exchange.begin = exchange_begin_;
  exchange.end = exchange_begin_ + core::Micros(static_cast<std::int64_t>(flow_.last_exchange_us));
  exchanges_.push_back(exchange);
}

std::vector<Exchange> Ledger::take_exchanges() { return std::exchange(exchanges_, {}); }

}  // namespace uncork::stall
