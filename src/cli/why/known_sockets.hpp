#pragma once
// What the rows of a store add to the sums of a service: who worked for it, such as which connection, and who was at the other
// end.

#include <span>
#include <string>

#include "sink/store/reader.hpp"
#include "stall/service.hpp"

namespace uncork::cli {

/// Adds workers (those that have ended since are not alive) and an example, the connection that lost most, to a service out of a
/// store. The program at the other end, if that was on this machine; empty: it was not, or nobody knows.
[[nodiscard]] std::string add_known_sockets(std::span<const sink::KnownSocket> sockets, stall::Service& service);

}  // namespace uncork::cli
