#pragma once
// What `uncork why` found, short enough to be pasted: never more than kMostTicketBytes.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "stall/service.hpp"

namespace uncork::report {

inline constexpr std::size_t kMostTicketBytes = 2048;

/// Of an answer out of the store.
struct TicketPast {
  std::string span;       ///< `2026-11-27 14:00 to 14:10`
  std::string collector;  ///< whether it was watching then: `watched all of it`
};

struct Ticket {
  std::string asked;  ///< `process 4242 (python3) and what it starts`, `port 8001`, `nginx on port 443`
  core::Micros watched{0};
  std::vector<stall::ServiceVerdict> services;  ///< the one that lost most first; not empty
  std::vector<std::string> limits;              ///< what could not be seen, one sentence each
  std::optional<TicketPast> past{};             ///< nothing: it was watched just now
};

/// For people: a word and what it says, a line each; ends in a newline. Names are safe to print whatever programs call
/// themselves. Lines are broken to fit `width` columns (0: they are not). Where it would be too long, what matters least is left
/// out first, and said so.
[[nodiscard]] std::string ticket_text(const Ticket& ticket, std::size_t width = 0);

/// The same as one JSON object in ASCII, ended by a newline; docs/why.md has the shape.
[[nodiscard]] std::string ticket_json(const Ticket& ticket);

}  // namespace uncork::report
