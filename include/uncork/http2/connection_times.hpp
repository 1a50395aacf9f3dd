#pragma once
// What it took a client to make a connection.

#include "uncork/http2/types.hpp"

namespace uncork::http2 {

/// Each is at or behind the one before it; a step that was not needed takes no time.
struct connection_times {
  time_point begun{};
  time_point resolved{};   ///< the name, to addresses
  time_point connected{};  ///< TCP, to the address that answered first
  time_point ready{};      ///< TLS
};

}  // namespace uncork::http2
