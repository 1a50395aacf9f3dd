#pragma once
// Which way exchanges take through the programs of this machine (client, relays, server), and which of these hold them.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace uncork::stall {

struct ServiceVerdict;

/// A program on the way. A value.
struct Hop {
  std::string command;   ///< of several that ask the same: `curl, wget`
  std::int32_t pid = 0;  ///< 0: it has several processes, or none in our pid namespace
  bool holds = false;    ///< it holds what matters, on either of its sides

  bool operator==(const Hop&) const = default;
};

/// From the client to the server. Fewer than three programs are no way: the other end of a connection is told anyhow.
using Way = std::vector<Hop>;

/// Fills in `way` and `waits_for` of all of the services of a machine, if any lost what matters. Two services meet where one asks
/// on the port that the other serves: in one namespace if an example of the asking one's connections stays there, else if the
/// examples' addresses are the same. A program is a relay where one of its processes serves and asks, with at least one exchange
/// asked for every two served.
void trace_ways(std::span<ServiceVerdict> services);

/// `curl -> socat[8450] -> python3[4711]; socat[8450] holds`. Empty: no way.
[[nodiscard]] std::string to_string(const Way& way);

}  // namespace uncork::stall
