#pragma once
// The ways to end a stall, best first: where each is done, what it would give back, and what it costs on the wire.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "stall/account.hpp"

namespace uncork::stall {

/// Who does something about it.
enum class Place : std::uint8_t { here, other_end };
[[nodiscard]] std::string_view name(Place place);

/// One way. What it gives is counted by the ledger, so that it holds for the exchanges that were watched: what a stall's end
/// would have saved, had nothing else changed. Segments are counted from the write pattern: under Nagle a message leaves in one
/// segment and one more for each hold, without it in one for each small write, merged in one (RFC 9293 3.7.4; checked against
/// what the kernel sent: tests/cli/cure_trial_net_test.cpp).
struct Choice {
  std::string what;  ///< `merge the writes of one message`
  Place place = Place::here;
  core::Micros gives{0};           ///< of the lost time
  bool at_most = false;            ///< `gives` is what it cannot exceed
  std::optional<double> segments;  ///< more an exchange, below 0 fewer; pure acknowledgements count; empty: not known
  std::string command;  ///< does it now; empty: the program must change. `ROUTE`, `COMMAND` are for the reader to fill in
};

/// What is known about who lost the time.
struct Loser {
  const Account& account;
  Cause cause = Cause::idle;    ///< what it lost most to
  bool nodelay = false;         ///< TCP_NODELAY is set now, on all of it
  std::string cure{};           ///< the command that sets it; may be empty
  std::string peer{};           ///< the program at the other end, if it is on this machine
  std::uint16_t peer_port = 0;  ///< a port by which its end of the connections is told; 0: none
  bool first_only = false;      ///< nearly all was lost in the first exchange of a connection
};

/// Pure. Empty where nothing was lost, or where nothing but the path could change.
[[nodiscard]] std::vector<Choice> choices_for(const Loser& loser);

}  // namespace uncork::stall
