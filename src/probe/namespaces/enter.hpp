#pragma once
// Into a namespace that was found, and into no other.

#include "core/fd.hpp"
#include "core/result.hpp"
#include "probe/namespaces/discovery.hpp"

namespace uncork::probe {

/// Whether a namespace with this inode is mounted, or held, at `path`.
[[nodiscard]] bool leads_to(const std::string& path, std::uint64_t inode);

/// Whether a path of it still leads to it: a path may lead elsewhere by now (a reused pid, a new mount), and its inode may be
/// another's.
[[nodiscard]] bool still_leads_to(const FoundNamespace& space);

/// not_found, with its name.
[[nodiscard]] core::Error gone_namespace(const FoundNamespace& space);

/// Opens it by the first of its paths that still leads to it, else by way of its socket (SIOCGSKNS; needs CAP_SYS_PTRACE and
/// CAP_NET_ADMIN, Linux 5.6), of which it has a descriptor for that moment. Keeps it alive. not_found: it cannot be reached any
/// more; not_permitted.
[[nodiscard]] core::Result<core::Fd> open_namespace(const FoundNamespace& space);

/// Puts the calling thread into it, and makes sure that it is there. Needs CAP_SYS_ADMIN. not_found: it is gone; not_permitted.
/// Afterwards, also on an error, the thread is in it or where it was.
[[nodiscard]] core::Status enter_namespace(const FoundNamespace& space);

}  // namespace uncork::probe
