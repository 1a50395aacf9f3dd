#include "probe/look/refusal.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace uncork::probe {

Rights rights_to(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  Rights rights{.has_capability = false, .is_root = ::geteuid() == 0};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return rights;
  const auto number = static_cast<unsigned>(capability);
  rights.has_capability = (data.at(number / 32).effective >> (number % 32) & 1U) != 0;
  return rights;
}

// A capability counts in the user namespace in which we have it, and in those below; the kernel gives the same errno for a
// refusal of a security module (LSM), and protects a process with more capabilities than ours in no other way
// (cap_ptrace_access_check).
std::string why_refused(Rights rights, std::string_view capability) {
  const std::string name(capability);
  if (rights.has_capability) {
    return "although uncork has " + name + ": a security policy protects what is there, or an outer user namespace has it";
  }
  return rights.is_root ? "root has no " + name + " here" : "root may, with " + name;
}

}  // namespace uncork::probe
