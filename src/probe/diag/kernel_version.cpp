#include "probe/diag/kernel_version.hpp"

#include <sys/utsname.h>

#include <charconv>

namespace uncork::probe {

KernelVersion parse_kernel_version(std::string_view release) {
  KernelVersion version;
  const char* const begin = release.data();  // NOLINT(bugprone-suspicious-stringview-data-usage): from_chars is given its end
  const char* const end = begin + release.size();
  const auto [dot, bad_major] = std::from_chars(begin, end, version.major);
  if (bad_major != std::errc{} || dot == end || *dot != '.') return {};
  const auto [rest, bad_minor] = std::from_chars(dot + 1, end, version.minor);
  if (bad_minor != std::errc{}) return {};
  return version;
}

std::string running_kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

std::string to_string(KernelVersion version) { return std::to_string(version.major) + "." + std::to_string(version.minor); }

}  // namespace uncork::probe
