#pragma once
// Sends one file over one TCP connection, and says in how many segments it went.

#include <cstdint>
#include <functional>
#include <string>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "lab/transmit/segments.hpp"

namespace uncork::lab {

struct SendOptions {
  std::string file;  ///< `-`: standard input
  core::Endpoint to;
  std::string head;
  std::string tail;
};

struct SendSummary {
  std::uint64_t sent = 0;      ///< bytes that the kernel took, head and tail included
  std::uint64_t expected = 0;  ///< of those promised
  core::Micros took{0};  ///< from the first byte until the peer's TCP had acknowledged the last, or until it was interrupted
  Segments segments;
  bool interrupted = false;  ///< by SIGINT or SIGTERM

  [[nodiscard]] std::uint64_t minimum_segments() const;
};

/// Connects, sends, closes the sending side and waits until the peer's TCP has everything, without a deadline: a peer may read
/// as slowly as it likes, and SIGINT or SIGTERM, which are taken over once it is connected, end it. `on_progress` (bytes sent,
/// expected) is called from time to time. Errors: of opening, of connecting, and of the connection with how far it got.
[[nodiscard]] core::Result<SendSummary> send_file(const SendOptions& options,
                                                  const std::function<void(std::uint64_t, std::uint64_t)>& on_progress);

}  // namespace uncork::lab
