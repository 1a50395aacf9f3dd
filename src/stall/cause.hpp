#pragma once
// The causes of the ledger as C++ sees them; their meaning is in hold_rule.h, which the kernel programs share.

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "stall/hold_rule.h"

namespace uncork::stall {

enum class Cause : unsigned char {
  nagle_delayed_ack = UNCORK_NAGLE_DELAYED_ACK,
  nagle_round_trip = UNCORK_NAGLE_ROUND_TRIP,
  cork = UNCORK_CORK,
  receive_window = UNCORK_RECEIVE_WINDOW,
  congestion_window = UNCORK_CONGESTION_WINDOW,
  pacing = UNCORK_PACING,
  loss_recovery = UNCORK_LOSS_RECOVERY,
  send_buffer = UNCORK_SEND_BUFFER,
  network = UNCORK_NETWORK,
  peer_think = UNCORK_PEER_THINK,
  local_think = UNCORK_LOCAL_THINK,
  read_lag = UNCORK_READ_LAG,
  idle = UNCORK_IDLE,
  unattributed = UNCORK_UNATTRIBUTED,
};

inline constexpr std::size_t kCauses = UNCORK_CAUSES;

/// Every cause, in the order of the ledger.
[[nodiscard]] const std::array<Cause, kCauses>& all_causes();

/// The word that JSON and tables use: `nagle_delayed_ack`.
[[nodiscard]] std::string_view name(Cause cause);
[[nodiscard]] std::optional<Cause> cause_named(std::string_view word);

inline constexpr std::size_t kStalls = UNCORK_STALLS;

/// Whether time under this cause is lost: bytes were ready to go and something that can be changed kept them. The wire,
/// thinking, reading late and idleness are not stalls.
[[nodiscard]] constexpr bool is_stall(Cause cause) { return static_cast<std::size_t>(cause) < kStalls; }

}  // namespace uncork::stall
