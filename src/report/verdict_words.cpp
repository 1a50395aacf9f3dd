#include "report/verdict_words.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/verdict_text.hpp"

namespace uncork::report {
namespace {

/// The bucket in which the middle hold lies.
std::string typical_hold(const stall::Log2Histogram& holds) {
  std::uint64_t all = 0;
  for (const auto count : holds) all += count;
  if (all == 0) return "";
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < holds.size(); ++bucket) {
    seen += holds[bucket];
    if (seen * 2 < all) continue;
    const auto low = core::Micros(bucket == 0 ? 0 : std::int64_t{1} << bucket);
    const auto high = core::Micros(std::int64_t{2} << bucket);
    return fmt::format(", median {} to {}", core::to_string(low), core::to_string(high));
  }
  return "";
}

}  // namespace

std::string phrase(stall::Cause cause) {
  switch (cause) {
    case stall::Cause::nagle_delayed_ack:
      return "Nagle held bytes until the peer's delayed ACK";
    case stall::Cause::nagle_round_trip:
      return "Nagle held bytes for a round trip";
    case stall::Cause::cork:
      return "TCP_CORK or MSG_MORE held a partial segment";
    case stall::Cause::receive_window:
      return "the peer's window was closed: the peer does not read";
    case stall::Cause::congestion_window:
      return "the congestion window was full";
    case stall::Cause::pacing:
      return "congestion control paced the segments";
    case stall::Cause::loss_recovery:
      return "lost segments were sent again";
    case stall::Cause::send_buffer:
      return "the writer waited on a full send buffer";
    case stall::Cause::network:
      return "bytes were on the wire";
    case stall::Cause::peer_think:
      return "the peer was thinking";
    case stall::Cause::local_think:
      return "this end was thinking";
    case stall::Cause::read_lag:
      return "bytes lay unread";
    case stall::Cause::idle:
      return "nobody was waiting";
    case stall::Cause::unattributed:
      return "bytes waited and no rule says why";
  }
  return "";
}

std::string what_text(stall::Cause cause, stall::Fault fault, stall::Confidence confidence) {
  if (cause == stall::Cause::idle) return fmt::format("no stall ({})", stall::name(confidence));
  return fmt::format("{}{} ({}, {})", fault == stall::Fault::path ? "the path: " : "", phrase(cause), stall::name(cause),
                     stall::name(confidence));
}

std::string pattern_text(const stall::Account& a) {
  std::string text = fmt::format("{}, {}{}", core::count_of(a.exchanges, "exchange"), core::count_of(a.holds, "hold"),
                                 typical_hold(a.hold_log2));
  if (a.writes != 0) {
    text += fmt::format("; {:.1f} writes an exchange, {} a write", a.writes_per_exchange(),
                        core::count_of(static_cast<std::uint64_t>(std::llround(a.bytes_per_write())), "byte"));
  }
  if (a.spurious_probes != 0) text += fmt::format("; {} sent again for nothing", core::count_of(a.spurious_probes, "segment"));
  return text;
}

/// Late is not lost: said apart, where a person could notice it.
std::string late_line(const stall::Account& a) {
  constexpr core::Micros kNoticed{1000};
  const stall::Late all = a.late();
  if (all.worst < kNoticed || a.writes == 0) return "";  // of an MPTCP subflow the writes are not seen
  const char* why =
      a.budget.lost() * 2 < all.total ? "; more than the exchanges lost: it matters where each message is used as it comes" : "";
  return fmt::format("late      {} of {} left {} late in all, the worst {}{}\n", all.writes, core::count_of(a.writes, "write"),
                     core::to_string(all.total), core::to_string(all.worst), why);
}

std::string cost_text(const stall::Account& a, stall::Cause worst) {
  const core::Micros lost = a.budget.lost();
  std::string text =
      fmt::format("{} lost of {} ({:.0f} %)", core::to_string(lost), core::to_string(a.budget.busy()), 100 * a.lost_share());
  if (a.exchanges != 0) text += fmt::format(", {} an exchange", core::to_string(lost / static_cast<std::int64_t>(a.exchanges)));
  const core::Micros wall = a.budget.total();
  std::string rest;
  for (const stall::Cause cause : stall::all_causes()) {
    const core::Micros us = a.budget[cause];
    if (cause == worst || us.count() == 0 || us * 100 < wall) continue;
    rest += fmt::format("{}{} {}", rest.empty() ? "; also " : ", ", stall::name(cause), core::to_string(us));
  }
  return text + rest;
}

}  // namespace uncork::report
