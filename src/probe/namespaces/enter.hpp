#pragma once
// Into a namespace that was found, and into no other.

#include "core/fd.hpp"
#include "core/result.hpp"
#include "probe/namespaces/discovery.hpp"

namespace uncork::probe {

/// Opens it by the first of its paths that still leads to it: a path may lead elsewhere by now (a reused pid, a new mount). Keeps
/// it alive. not_found: it cannot be reached any more; not_permitted.
[[nodiscard]] core::Result<core::Fd> open_namespace(const FoundNamespace& space);

/// Puts the calling thread into it, and makes sure that it is there. Needs CAP_SYS_ADMIN. not_found: it is gone; not_permitted.
/// Afterwards, also on an error, the thread is in it or where it was.
[[nodiscard]] core::Status enter_namespace(const FoundNamespace& space);

}  // namespace uncork::probe
