#include "report/ticket_words.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/printable.hpp"

namespace uncork::report {
namespace {

using stall::Cause;
using stall::Role;

constexpr std::size_t kLongestName = 40;

struct Ends {
  std::string ours;
  std::string other;
};

std::string named(const std::string& program, const char* role, const char* of, std::uint16_t port) {
  if (port == 0) return program;
  return fmt::format("{} (the {} {} port {})", program, role, of, port);
}

Ends ends_of(const stall::ServiceVerdict& v) {
  const stall::ServiceKey& key = v.service.key;
  const std::string ours = v.service.others      ? "the programs concerned"
                           : key.command.empty() ? "the program"
                                                 : clipped(key.command, kLongestName);
  const std::string other = clipped(v.peer, kLongestName);
  if (key.role == Role::responder) {
    return {named(ours, "server", "on", key.port), other.empty() ? "the client" : named(other, "client", "of", key.port)};
  }
  if (key.role == Role::requester) {
    return {named(ours, "client", "of", key.port), other.empty() ? "the server" : named(other, "server", "on", key.port)};
  }
  return {key.port == 0 ? ours : fmt::format("{} on port {}", ours, key.port), other.empty() ? "the other end" : other};
}

std::string loss(const stall::ServiceVerdict& v) {
  const stall::Account& account = v.service.account;
  if (account.exchanges == 0) return fmt::format("{} were lost", core::to_string(v.lost));
  return fmt::format("an exchange loses {}", core::to_string(v.lost / static_cast<std::int64_t>(account.exchanges)));
}

std::string writes(const stall::Account& account) {
  if (account.writes == 0) return "several small writes";
  return fmt::format("{:.1f} writes of {}", account.writes_per_exchange(),
                     core::count_of(static_cast<std::uint64_t>(std::llround(account.bytes_per_write())), "byte"));
}

TicketWords held_by_nagle(const stall::ServiceVerdict& v, const Ends& ends) {
  const bool delayed = v.cause == Cause::nagle_delayed_ack;
  const bool cured = v.service.connections != 0 && v.service.nodelay == v.service.connections;
  std::string change = fmt::format(
      "{} makes {} an exchange. Nagle's algorithm holds a small one until the one before it is acknowledged, {}; {}. ", ends.ours,
      writes(v.service.account), delayed ? "and the other end may wait with that (40 ms on Linux)" : "a round trip", loss(v));
  change += cured ? "TCP_NODELAY is set now, which ends it." : "Write each message with one call, or set TCP_NODELAY.";
  return {ends.ours, change,
          delayed
              ? fmt::format("{} is not at fault: its late acknowledgement is normal (RFC 1122, 4.2.3.2), and turning that off "
                            "would only hide the other end's small writes.",
                            ends.other)
              : fmt::format("{} is not at fault: it acknowledges at once, and nothing needs to change there.", ends.other)};
}

}  // namespace

TicketWords ticket_words(const stall::ServiceVerdict& v) {
  const Ends ends = ends_of(v);
  switch (v.cause) {
    case Cause::nagle_delayed_ack:
    case Cause::nagle_round_trip:
      return held_by_nagle(v, ends);
    case Cause::cork:
      return {
          ends.ours,
          fmt::format("{} leaves TCP_CORK or MSG_MORE on behind the end of a message, so that the kernel keeps its last segment "
                      "for up to 200 ms; {}. Take it off with the last byte.",
                      ends.ours, loss(v)),
          fmt::format("{} is not at fault: it cannot use what has not been sent.", ends.other)};
    case Cause::receive_window:
      return {ends.other,
              fmt::format("{} does not read as fast as bytes arrive, so that its window closes; {}. Read sooner, or enlarge the "
                          "receive buffer.",
                          ends.other, loss(v)),
              fmt::format("{} is not at fault: it may not send more than the other end offers to take.", ends.ours)};
    case Cause::send_buffer:
      return {ends.ours,
              fmt::format("{} waits for room in a send buffer that is smaller than what the path holds; {}. Raise SO_SNDBUF, or "
                          "leave its size to the kernel.",
                          ends.ours, loss(v)),
              fmt::format("{} is not at fault: it reads, and its window is open.", ends.other)};
    case Cause::congestion_window:
    case Cause::pacing:
      return {
          "the path",
          fmt::format("Between {} and {} the path sets the pace: congestion control lets no more out; {}. Look at its bandwidth, "
                      "its losses, and what shares it.",
                      ends.ours, ends.other, loss(v)),
          "Neither program is at fault, and no option of theirs ends it."};
    case Cause::loss_recovery:
      return {"the path",
              fmt::format("Between {} and {} segments are lost and sent again; {}. Find where packets are dropped.", ends.ours,
                          ends.other, loss(v)),
              "Neither program is at fault, and no option of theirs ends it."};
    default:
      return {};
  }
}

std::string clipped(std::string_view text, std::size_t most) {
  constexpr std::string_view kMore = "...";
  std::string safe = printable(text);
  if (safe.size() <= most) return safe;
  std::size_t end = most < kMore.size() ? 0 : most - kMore.size();
  while (end > 0 && (static_cast<unsigned char>(safe[end]) & 0xC0U) == 0x80U) --end;  // within a character
  return safe.substr(0, end) + std::string(kMore);
}

}  // namespace uncork::report
