#pragma once
// What ends the stalls of a service: what to change, and one command that does it now, for all of its workers.

#include <string>

#include "stall/service.hpp"

namespace uncork::stall {

/// `peer`: the program at the other end, if it is known. Without a command where none works from here; the sentence then says
/// where one would.
[[nodiscard]] Remedy remedy_for(Cause cause, const Service& service, const std::string& peer);

}  // namespace uncork::stall
