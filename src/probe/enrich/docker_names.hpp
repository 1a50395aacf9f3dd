#pragma once
// Names and images of containers, as Docker's socket (and podman's, which speaks the same) tells them.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::probe {

/// A container by its 64 digits. A value.
struct ContainerName {
  std::string id;
  std::string name;   ///< without the slash in front
  std::string image;  ///< as it was asked for: nginx:1.27

  bool operator==(const ContainerName&) const = default;
};

inline constexpr std::size_t kMostDockerBytes = 8 << 20;

/// The whole answer to `GET /containers/json` over HTTP/1.0 or 1.1: status 200 and a list. Sans-I/O; any bytes. Entries that are
/// not as expected are left out; the Error says at which byte the answer stops being one.
[[nodiscard]] core::Result<std::vector<ContainerName>> read_docker_answer(std::string_view answer);

/// Asks the daemon behind the Unix socket `path`; what has not come by `deadline`, or is longer than kMostDockerBytes, is an
/// error. Blocks until then.
[[nodiscard]] core::Result<std::vector<ContainerName>> ask_docker(const std::string& path, core::Time deadline);

}  // namespace uncork::probe
