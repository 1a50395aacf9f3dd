#include "stall/verdict.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/count.hpp"

namespace uncork::stall {
namespace {

std::string who(const ConnectionEnd& where) {
  if (where.process.pid == 0) return "the process that owns " + core::to_string(where.local);
  return fmt::format("{} (pid {})", where.process.command, where.process.pid);
}

std::string other_end(const ConnectionEnd& where) {
  if (!where.peer) return "the peer at " + core::to_string(where.remote);
  return fmt::format("{} (pid {})", where.peer->command, where.peer->pid);
}

std::string pattern(const Account& account) {
  if (account.writes == 0) return "its write pattern was not seen";
  return fmt::format("it makes {:.1f} writes of {} an exchange", account.writes_per_exchange(),
                     core::count_of(static_cast<std::uint64_t>(std::llround(account.bytes_per_write())), "byte"));
}

std::string cure_command(const ConnectionEnd& where) {
  if (where.process.pid == 0) return {};
  return fmt::format("uncork cure --pid {} --port {}", where.process.pid, where.local.port);
}

}  // namespace

std::string_view name(Confidence confidence) { return confidence == Confidence::witnessed ? "witnessed" : "sampled"; }

std::string_view reason(Confidence confidence) {
  return confidence == Confidence::witnessed ? "the kernel reported every write, segment and acknowledgement"
                                             : "tcp_info was sampled now and then: short holds and writes are not seen";
}

std::string_view name(Fault fault) {
  switch (fault) {
    case Fault::nobody:
      return "nobody";
    case Fault::here:
      return "here";
    case Fault::peer:
      return "peer";
    case Fault::path:
      return "path";
  }
  return "nobody";
}

Fault fault_of(Cause cause) {
  switch (cause) {
    case Cause::nagle_delayed_ack:
    case Cause::nagle_round_trip:
    case Cause::cork:
    case Cause::send_buffer:
      return Fault::here;
    case Cause::receive_window:
      return Fault::peer;
    case Cause::congestion_window:
    case Cause::pacing:
    case Cause::loss_recovery:
      return Fault::path;
    case Cause::network:
    case Cause::peer_think:
    case Cause::local_think:
    case Cause::read_lag:
    case Cause::idle:
    case Cause::unattributed:
      return Fault::nobody;
  }
  return Fault::nobody;
}

bool matters(const Account& account, const Threshold& threshold) {
  const core::Micros lost = account.budget.lost();
  if (lost.count() == 0 || lost < threshold.least_lost) return false;
  if (account.exchanges != 0 && lost >= threshold.least_an_exchange * static_cast<std::int64_t>(account.exchanges)) return true;
  double weighed = 0;
  for (const Cause cause : all_causes()) {
    if (!is_stall(cause)) continue;
    const bool held = cause == Cause::nagle_delayed_ack || cause == Cause::nagle_round_trip || cause == Cause::cork;
    weighed += static_cast<double>(account.budget[cause].count()) / (held ? 1 : kLimitFactor);
  }
  return weighed >= threshold.least_share * static_cast<double>(account.budget.busy().count());
}

Remedy remedy_for(Cause cause, const ConnectionEnd& where, const Account& account) {
  switch (cause) {
    case Cause::nagle_delayed_ack:
    case Cause::nagle_round_trip:
      if (where.nodelay.value_or(false)) {
        return {"cured: TCP_NODELAY is set now",
                fmt::format("{} has TCP_NODELAY set now; merging its writes would also save packets ({}).", who(where),
                            pattern(account)),
                ""};
      }
      return {"merge the writes, or set TCP_NODELAY",
              fmt::format("Change {}: merge the writes of one message into one ({}), or set TCP_NODELAY on this socket.",
                          who(where), pattern(account)),
              cure_command(where)};
    case Cause::cork:
      return {"uncork after the last byte",
              fmt::format("Change {}: clear TCP_CORK, or send the last part without MSG_MORE, as soon as a message is complete.",
                          who(where)),
              ""};
    case Cause::receive_window:
      return {"the reader must read faster",
              fmt::format("Change {}: it does not read as fast as bytes arrive, so its window closes; "
                          "read sooner, or enlarge its receive buffer.",
                          other_end(where)),
              ""};
    case Cause::send_buffer:
      return {
          "enlarge the send buffer",
          fmt::format("Change {}: its send buffer is smaller than what the path holds unacknowledged; raise SO_SNDBUF or leave "
                      "its size to the kernel, and do not wait for each write.",
                      who(where)),
          ""};
    case Cause::congestion_window:
      return {"the path is the limit",
              "Neither program is at fault: the congestion window is full, so the path, or what shares it, sets the pace.", ""};
    case Cause::pacing:
      return {"paced: the path is the limit",
              "Neither program is at fault: congestion control (or SO_MAX_PACING_RATE) spreads segments over time.", ""};
    case Cause::loss_recovery:
      return {"find where packets are lost", "Neither program is at fault: segments were lost and sent again; look at the path.",
              ""};
    case Cause::network:
    case Cause::peer_think:
    case Cause::local_think:
    case Cause::read_lag:
    case Cause::idle:
    case Cause::unattributed:
      return {};
  }
  return {};
}

Verdict conclude(ConnectionEnd where, const Account& account, Confidence confidence) {
  Verdict verdict;
  verdict.account = account;
  verdict.wall = account.budget.total();
  verdict.lost = account.budget.lost();
  verdict.cause = account.budget.worst();
  verdict.fault = fault_of(verdict.cause);
  verdict.confidence = confidence;
  verdict.remedy = remedy_for(verdict.cause, where, account);
  verdict.choices = choices_for({.account = account,
                                 .cause = verdict.cause,
                                 .nodelay = where.nodelay.value_or(false),
                                 .cure = verdict.remedy.command,
                                 .peer = where.peer ? where.peer->command : "",
                                 .peer_port = where.local.port});
  verdict.where = std::move(where);
  return verdict;
}

}  // namespace uncork::stall
