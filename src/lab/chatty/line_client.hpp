#pragma once
// A blocking client of the line server that times every exchange.

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::lab {

struct ExchangeTime {
  core::Micros wall{0};
  unsigned chunks = 0;  ///< reads that it took to get the whole answer
};

/// One connection, one exchange at a time. Move-only, not thread-safe.
class LineClient {
 public:
  [[nodiscard]] static core::Result<LineClient> connect(const core::Endpoint& server);
  /// Sends a request in one write and reads until `lines` lines have come, at most 10 s.
  [[nodiscard]] core::Result<ExchangeTime> exchange(unsigned lines);

 private:
  explicit LineClient(core::Fd socket) : socket_(std::move(socket)) {}
  core::Fd socket_;
};

}  // namespace uncork::lab
