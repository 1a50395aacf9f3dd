#pragma once
// Every network namespace that can be found: those of processes, those mounted somewhere, those held by an open descriptor.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "probe/enrich/container_id.hpp"

namespace uncork::probe {

/// A socket by who holds it. A value.
struct HeldSocket {
  pid_t pid = 0;
  int fd = -1;
};

/// A namespace as it was found. A value.
struct FoundNamespace {
  std::uint64_t inode = 0;             ///< its identity, as long as it lives
  std::vector<std::string> paths;      ///< that led to it: to be opened, one after the other, and the inode compared
  std::size_t mounts = 0;              ///< so many of them, the first, are mounts, one of which gave it its name
  std::optional<HeldSocket> socket{};  ///< in it, where no path leads to it: the last way in
  std::string name;                    ///< of its mount, else the container's id, else net:[inode]
  std::vector<std::string> aliases;    ///< further mounts' names
  pid_t pid = 0;                       ///< the lowest of the processes in it; 0: none
  Container container{};
  std::optional<std::uint64_t> cookie{};  ///< SO_NETNS_COOKIE, for whoever has entered it
  std::optional<std::uint32_t> nsid{};    ///< as the caller's own namespace numbers it
};

struct DiscoveryOptions {
  std::vector<std::string> folders = {"/run/netns", "/run/docker/netns"};  ///< with namespaces mounted in them
  std::string proc = "/proc";
  bool descriptors = true;  ///< look through open descriptors too: one readlink each
};

/// What one search found.
struct FoundNamespaces {
  std::map<std::uint64_t, FoundNamespace> by_inode;
  std::size_t refused = 0;  ///< living processes that we may not look into: a namespace of theirs alone is not found
};

/// One pass over /proc, the folders and the mounts. One readlink a process, and one a descriptor where they are looked through.
/// Sees the processes of the caller's pid namespace and the mounts of its mount namespace.
[[nodiscard]] core::Result<FoundNamespaces> find_namespaces(const DiscoveryOptions& options = {});

/// The inode in `net:[4026531840]`.
[[nodiscard]] std::optional<std::uint64_t> namespace_inode(std::string_view link);

/// The network namespaces mounted according to the text of /proc/PID/mountinfo, as (inode, mount point).
struct MountedNamespace {
  std::uint64_t inode = 0;
  std::string path;
  bool operator==(const MountedNamespace&) const = default;
};
[[nodiscard]] std::vector<MountedNamespace> mounted_namespaces(std::string_view mountinfo);

/// Asks the kernel (RTM_GETNSID) how the caller's namespace numbers each, where it does.
void look_up_nsids(std::span<FoundNamespace> spaces);

}  // namespace uncork::probe
