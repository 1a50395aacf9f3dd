#pragma once
// Which processes hold sockets with a port, and on which side of it they are.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "cure/select/processes.hpp"

namespace uncork::cure {

/// What a socket, or a process, has to do with a port. The greater says more: a listener also serves.
enum class PortUse : std::uint8_t {
  connects,  ///< it is connected to that port
  serves,    ///< it has a connection whose own port it is: accepted, here or by the process that handed it over
  listens
};

using PortUses = std::map<std::uint64_t, PortUse>;  ///< by the socket's inode

/// Adds the sockets with `port` at either end that the text of /proc/PID/net/tcp or tcp6 lists (proc_pid_net(5)). Lines that are
/// not as expected are passed over, and so are sockets that no process holds.
void read_port_uses(std::string_view table, std::uint16_t port, PortUses& into);

/// Adds every port on which the table lists a listener.
void read_listening_ports(std::string_view table, std::vector<std::uint16_t>& into);

struct PortHolders {
  std::map<pid_t, PortUse> by_pid;
  std::vector<std::uint16_t> listening;  ///< all ports that somebody listens on, sorted; for the sentence that nobody was found
  std::size_t refused = 0;               ///< processes whose descriptors this user may not see
};

/// One pass over the descriptors of `processes`, after one over the sockets of each of their network namespaces. Costs a readlink
/// a descriptor and a line a socket.
[[nodiscard]] PortHolders find_port_holders(std::uint16_t port, std::span<const ProcessEntry> processes,
                                            const std::string& proc = "/proc");

}  // namespace uncork::cure
