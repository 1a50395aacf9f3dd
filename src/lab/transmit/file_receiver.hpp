#pragma once
// Receives what TCP connections bring, into a file or into nothing.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "relay/proxy_options.hpp"

namespace uncork::lab {

using relay::Reach;

enum class Existing : bool { keep, overwrite };

struct ReceiveOptions {
  core::Endpoint listen;
  std::string out;  ///< a file for the one connection that is then received; empty: bytes are counted and dropped
  Existing existing = Existing::keep;
  bool once = false;  ///< end after the first connection
  Reach reach = Reach::loopback;
};

/// One connection.
struct ReceiveSummary {
  core::Endpoint peer;
  std::uint64_t bytes = 0;
  core::Micros took{0};              ///< from accepting it to its end
  bool interrupted = false;          ///< by SIGINT or SIGTERM, before its end
  std::optional<core::Error> error;  ///< a reset, or a file that could not be written on; what came before it stays in the file
};

struct ReceiveObserver {
  std::function<void(const core::Endpoint&)> on_listening;
  std::function<void(std::uint64_t bytes)> on_progress;  ///< of the connection under way
  std::function<void(const ReceiveSummary&)> on_end;     ///< of each
};

/// Receives one connection after the other until SIGINT or SIGTERM, which it takes over, or until the first has ended where only
/// one is wanted. Waits for connections without a deadline: ending it is the caller's business. A file is made before anything is
/// listened to; one that nothing came for is removed again. Errors: of the file and of the address, with what to do about them.
[[nodiscard]] core::Status receive_files(const ReceiveOptions& options, const ReceiveObserver& observer);

}  // namespace uncork::lab
