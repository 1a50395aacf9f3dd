#pragma once
// The asking side of a daemon's Unix socket, with a limit of time.

#include <cstddef>
#include <span>
#include <string>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::probe {

/// A non-blocking stream to the daemon that listens at `path`. Returns at once: a daemon whose backlog is full is an error.
[[nodiscard]] core::Result<core::Fd> connect_unix(const std::string& path);

/// Sends a request of a few hundred bytes; a daemon that takes no more is an error. `path` is named in it.
[[nodiscard]] core::Status send_request(const core::Fd& socket, std::span<const std::byte> request, const std::string& path);

/// Reads up to `into.size()` bytes, waiting for the first; 0: the daemon closed. What has not come by `deadline` is an error
/// with ETIMEDOUT.
[[nodiscard]] core::Result<std::size_t> read_answer(const core::Fd& socket, std::span<std::byte> into, core::Time deadline,
                                                    const std::string& path);

}  // namespace uncork::probe
