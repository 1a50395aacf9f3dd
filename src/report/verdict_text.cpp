#include "report/verdict_text.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/printable.hpp"

namespace uncork::report {
namespace {

std::string what(const stall::Verdict& v) {
  if (v.cause == stall::Cause::idle) return fmt::format("no stall ({})", stall::name(v.confidence));
  return fmt::format("{}{} ({}, {})", v.fault == stall::Fault::path ? "the path: " : "", phrase(v.cause), stall::name(v.cause),
                     stall::name(v.confidence));
}

std::string where(const stall::Verdict& v) {
  std::string text =
      fmt::format("{} {} -> {}", process_text(v.where.process), core::to_string(v.where.local), core::to_string(v.where.remote));
  if (v.where.peer) text += " " + process_text(*v.where.peer);
  if (!v.where.netns.empty()) text += " in " + printable(v.where.netns);
  return text;
}

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

std::string evidence(const stall::Verdict& v) {
  const stall::Account& a = v.account;
  std::string text = fmt::format("{}, {}{}", core::count_of(a.exchanges, "exchange"), core::count_of(a.holds, "hold"),
                                 typical_hold(a.hold_log2));
  if (a.writes != 0) {
    text += fmt::format("; {:.1f} writes an exchange, {} a write", a.writes_per_exchange(),
                        core::count_of(static_cast<std::uint64_t>(std::llround(a.bytes_per_write())), "byte"));
  }
  if (a.spurious_probes != 0) text += fmt::format("; {} sent again for nothing", core::count_of(a.spurious_probes, "segment"));
  if (v.where.nodelay) text += *v.where.nodelay ? "; TCP_NODELAY on" : "; TCP_NODELAY off";
  return text;
}

/// Late is not lost: said apart, where a person could notice it.
std::string late(const stall::Verdict& v) {
  constexpr core::Micros kNoticed{1000};
  const stall::Late all = v.account.late();
  if (all.worst < kNoticed || v.account.writes == 0) return "";  // of an MPTCP subflow the writes are not seen
  const char* why =
      v.lost * 2 < all.total ? "; more than the exchanges lost: it matters where each message is used as it comes" : "";
  return fmt::format("late      {} of {} left {} late in all, the worst {}{}\n", all.writes,
                     core::count_of(v.account.writes, "write"), core::to_string(all.total), core::to_string(all.worst), why);
}

std::string cost(const stall::Verdict& v) {
  std::string text = fmt::format("{} lost of {} ({:.0f} %)", core::to_string(v.lost), core::to_string(v.account.budget.busy()),
                                 100 * v.account.lost_share());
  if (v.account.exchanges != 0) {
    text += fmt::format(", {} an exchange", core::to_string(v.lost / static_cast<std::int64_t>(v.account.exchanges)));
  }
  std::string rest;
  for (const stall::Cause cause : stall::all_causes()) {
    const core::Micros us = v.account.budget[cause];
    if (cause == v.cause || us.count() == 0 || us * 100 < v.wall) continue;
    rest += fmt::format("{}{} {}", rest.empty() ? "; also " : ", ", stall::name(cause), core::to_string(us));
  }
  return text + rest;
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

std::string process_text(const stall::Process& process) {
  return process.pid == 0 ? "?" : fmt::format("{}[{}]", printable(process.command), process.pid);
}

std::string verdict_text(const stall::Verdict& v) {
  std::string remedy = v.remedy.full.empty() ? "none needed" : printable(v.remedy.full);
  if (!v.remedy.command.empty()) remedy += " Now: " + v.remedy.command;
  return fmt::format("what      {}\nwhere     {}\nevidence  {}\ncost      {}\n{}remedy    {}\n", what(v), where(v), evidence(v),
                     cost(v), late(v), remedy);
}

}  // namespace uncork::report
