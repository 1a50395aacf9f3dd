#include "stall/choices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace uncork::stall {
namespace {

double an_exchange(std::uint64_t count, const Account& account) {
  return account.exchanges == 0 ? 0 : static_cast<double>(count) / static_cast<double>(account.exchanges);
}

/// Names that a shell takes as they are.
bool is_plain(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

/// Of pure acknowledgements: what the route's quickack ends, and what an option on the peer's sockets does.
void acknowledge_sooner(const Loser& loser, std::vector<Choice>& choices) {
  const core::Micros gives = loser.account.budget[Cause::nagle_delayed_ack];
  if (gives.count() == 0) return;
  // The last segment of a message had its acknowledgement carried by the answer; those before it waited for one anyway.
  choices.push_back({"acknowledge at once, by the route (all programs there)", Place::other_end, gives, true, 1.0,
                     "ip route change ROUTE quickack 1"});
  if (!is_plain(loser.peer)) return;
  const std::string port = loser.peer_port == 0 ? "" : fmt::format(" --port {}", loser.peer_port);
  choices.push_back({"acknowledge after two clock ticks", Place::other_end, gives, true, std::nullopt,
                     fmt::format("uncork cure --comm {}{} --quickack --watch", loser.peer, port)});
}

std::vector<Choice> without_nagle(const Loser& loser) {
  const Account& account = loser.account;
  const core::Micros gives = account.budget[Cause::nagle_delayed_ack] + account.budget[Cause::nagle_round_trip];
  std::optional<double> merged, apart;
  if (account.writes != 0 && account.exchanges != 0) {
    const double held = an_exchange(account.holds, account);
    merged = -held;
    apart = std::max(0.0, an_exchange(account.writes, account) - 1 - held);
  }
  std::vector<Choice> choices = {
      {"merge the writes of one message", Place::here, gives, false, merged, ""},
      {"set TCP_NODELAY", Place::here, gives, false, apart, loser.cure},
      {"restart it with its writes merged", Place::here, gives, false, merged, "uncork run --merge -- COMMAND"}};
  acknowledge_sooner(loser, choices);
  return choices;
}

std::vector<Choice> with_a_wider_window(const Loser& loser) {
  const core::Micros gives = loser.account.budget[Cause::congestion_window];
  std::vector<Choice> choices;
  if (loser.first_only) {
    choices.push_back({"keep connections open for the next request", Place::here, gives, true, 0.0, ""});
    choices.push_back(
        {"begin with a wider window on this route", Place::here, gives, true, 0.0, "ip route change ROUTE initcwnd 30"});
  } else if (loser.account.budget[Cause::idle].count() > 0) {
    // Linux tcp_output.c: tcp_cwnd_restart() after an idle time of a retransmission timeout.
    choices.push_back(
        {"keep the window over pauses", Place::here, gives, true, 0.0, "sysctl -w net.ipv4.tcp_slow_start_after_idle=0"});
    choices.push_back(
        {"keep connections warm: send something several times a second", Place::here, gives, true, std::nullopt, ""});
  }
  return choices;
}

}  // namespace

std::string_view name(Place place) { return place == Place::here ? "here" : "other_end"; }

std::vector<Choice> choices_for(const Loser& loser) {
  const Budget& budget = loser.account.budget;
  const core::Micros gives = budget[loser.cause];
  switch (loser.cause) {
    case Cause::nagle_delayed_ack:
    case Cause::nagle_round_trip:
      return loser.nodelay ? std::vector<Choice>{} : without_nagle(loser);
    case Cause::cork:
      return {{"clear TCP_CORK, or leave out MSG_MORE, with the last byte of a message", Place::here, gives, false, 0.0, ""}};
    case Cause::receive_window:
      return {{"read sooner", Place::other_end, gives, false, std::nullopt, ""},
              {"leave the receive buffer to the kernel (no SO_RCVBUF)", Place::other_end, gives, true, std::nullopt, ""}};
    case Cause::send_buffer:
      return {{"leave the send buffer to the kernel (no SO_SNDBUF)", Place::here, gives, false, 0.0, ""},
              {"raise SO_SNDBUF above what the path holds", Place::here, gives, false, 0.0, ""}};
    case Cause::congestion_window:
      return with_a_wider_window(loser);
    default:
      return {};
  }
}

}  // namespace uncork::stall
