#include "relay/proxy_descriptors.hpp"

#include <sys/resource.h>

#include "core/syscall.hpp"

namespace uncork::relay {

core::Result<std::size_t> raise_descriptor_limit() {
  rlimit limit{};
  const auto got = core::checked("getrlimit RLIMIT_NOFILE", [&] { return ::getrlimit(RLIMIT_NOFILE, &limit); });
  if (!got) return core::fail(got.error());
  limit.rlim_cur = limit.rlim_max;
  const auto set = core::checked("setrlimit RLIMIT_NOFILE", [&] { return ::setrlimit(RLIMIT_NOFILE, &limit); });
  if (!set) return core::fail(set.error());
  return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace uncork::relay
