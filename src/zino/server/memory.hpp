#pragma once
// Memory of connections that have ended, given back to the system.

#include <cstddef>

#include "core/clock.hpp"

namespace uncork::zino {

/// The allocator keeps what was freed for itself. Told from time to time how many connections there are, this makes it give back
/// what it can when some have gone, at most once in five seconds (a few ms for thousands of connections).
class MemoryGiver {
 public:
  void sweep(std::size_t connections, core::Time now);

 private:
  std::size_t most_ = 0;  // connections since the last time
  core::Time given_{};
};

}  // namespace uncork::zino
