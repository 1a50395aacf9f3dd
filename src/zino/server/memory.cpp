#include "zino/server/memory.hpp"

#include <malloc.h>

#include <algorithm>

namespace uncork::zino {
namespace {

constexpr core::Micros kPeriod = std::chrono::seconds(5);

}  // namespace

void MemoryGiver::sweep(std::size_t connections, core::Time now) {
  most_ = std::max(most_, connections);
  if (connections == most_ || now - given_ < kPeriod) return;
  ::malloc_trim(0);
  most_ = connections;
  given_ = now;
}

}  // namespace uncork::zino
