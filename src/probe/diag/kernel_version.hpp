#pragma once
// Which kernel wrote a structure whose meaning depends on that.

#include <compare>
#include <string>
#include <string_view>

namespace uncork::probe {

/// `6.18` of `6.18.44-generic`. 0.0: not known. A value.
struct KernelVersion {
  unsigned major = 0;
  unsigned minor = 0;

  auto operator<=>(const KernelVersion&) const = default;
  [[nodiscard]] bool known() const { return major != 0; }
};

/// Of the text of uname(2)'s release; not known when it does not begin with two numbers.
[[nodiscard]] KernelVersion parse_kernel_version(std::string_view release);
/// The release of the running kernel.
[[nodiscard]] std::string running_kernel_release();
[[nodiscard]] std::string to_string(KernelVersion version);

}  // namespace uncork::probe
