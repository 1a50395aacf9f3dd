#pragma once
// A span of time in the store.

#include <cstdint>

namespace uncork::sink {

/// From `from_ns` up to, and without, `until_ns`, since 1970.
struct Span {
  std::int64_t from_ns = 0;
  std::int64_t until_ns = 0;
  bool operator==(const Span&) const = default;
};

}  // namespace uncork::sink
