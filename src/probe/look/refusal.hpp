#pragma once
// Why the kernel let us not into a namespace or a process, for a person.

#include <string>
#include <string_view>

namespace uncork::probe {

/// What this user may. A value.
struct Rights {
  bool has_capability = false;  ///< the one that is asked about
  bool is_root = false;
};
/// Of the calling thread, now; `capability` is a number of linux/capability.h.
[[nodiscard]] Rights rights_to(int capability);

/// `root may, with CAP_SYS_PTRACE`; for root, and for who has the capability, what stands in the way instead.
[[nodiscard]] std::string why_refused(Rights rights, std::string_view capability);

}  // namespace uncork::probe
