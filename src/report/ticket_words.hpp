#pragma once
// What to tell the two ends of a connection on which time was lost, a sentence or two each, to be sent as they are.

#include <string>

#include "stall/service.hpp"

namespace uncork::report {

/// To whom it falls to change something, and to the other end.
struct TicketWords {
  std::string must_change;   ///< who that is: `python3 (the server on port 8001)`; of the path: `the path`
  std::string to_change;     ///< to its maintainer: what it does, what that costs, what to do instead
  std::string not_at_fault;  ///< to the other end: why what it does is right
};

/// Names are shortened and safe to print. Only of a cause that is a stall.
[[nodiscard]] TicketWords ticket_words(const stall::ServiceVerdict& verdict);

/// At most `most` bytes of a text that is safe to print, whole characters, with `...` where it was cut.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t most);

}  // namespace uncork::report
