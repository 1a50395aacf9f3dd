#pragma once
// A client whose threads share one connection: each writes under a lock and waits for its own answer, which come in order.

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::lab::field {

struct SharedExchanges {
  unsigned threads = 1;
  unsigned exchanges = 1;  ///< of each thread
  std::size_t request_bytes = 1;
  std::size_t answer_bytes = 1;
};

/// Has as many threads as that make their exchanges, and reads for all of them on this one, as a multiplexing client library
/// does. Gives how long all of it took.
[[nodiscard]] core::Result<core::Micros> play_shared(const core::Fd& socket, const SharedExchanges& options);

}  // namespace uncork::lab::field
