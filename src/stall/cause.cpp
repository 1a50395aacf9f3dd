#include "stall/cause.hpp"

namespace uncork::stall {

const std::array<Cause, kCauses>& all_causes() {
  static constexpr std::array<Cause, kCauses> kAll = [] {
    std::array<Cause, kCauses> all{};
    for (std::size_t i = 0; i < kCauses; ++i) all[i] = static_cast<Cause>(i);
    return all;
  }();
  return kAll;
}

std::string_view name(Cause cause) {
  switch (cause) {
    case Cause::nagle_delayed_ack:
      return "nagle_delayed_ack";
    case Cause::nagle_round_trip:
      return "nagle_round_trip";
    case Cause::cork:
      return "cork";
    case Cause::receive_window:
      return "receive_window";
    case Cause::congestion_window:
      return "congestion_window";
    case Cause::pacing:
      return "pacing";
    case Cause::loss_recovery:
      return "loss_recovery";
    case Cause::send_buffer:
      return "send_buffer";
    case Cause::network:
      return "network";
    case Cause::peer_think:
      return "peer_think";
    case Cause::local_think:
      return "local_think";
    case Cause::read_lag:
      return "read_lag";
    case Cause::idle:
      return "idle";
    case Cause::unattributed:
      return "unattributed";
  }
  return "unattributed";
}

std::optional<Cause> cause_named(std::string_view word) {
  for (const Cause cause : all_causes()) {
    if (name(cause) == word) return cause;
  }
  return std::nullopt;
}

}  // namespace uncork::stall
