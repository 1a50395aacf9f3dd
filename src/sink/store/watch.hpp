#pragma once
// Whether a collector was watching: what of a span its polls stand for, and where they leave gaps.

#include <cstdint>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "sink/store/span.hpp"

namespace uncork::sink {

/// When a poll began, and the time before it that its sums are of.
struct PolledAt {
  std::int64_t began_ns = 0;  ///< since 1970
  core::Micros interval{0};
};

/// What of a span was watched.
struct Watch {
  core::Micros watched{0};
  std::vector<Span> gaps;          ///< in order; what was not watched for longer than polls wait for each other
  std::int64_t known_from_ns = 0;  ///< polls from before this were forgotten: gaps of that time are not known
};

/// `polls` in order of their begin: those in `span`, and the first behind it. What comes after the last poll is a gap only if
/// another poll was due before the end of the span.
[[nodiscard]] Watch watch_in(Span span, std::span<const PolledAt> polls);

}  // namespace uncork::sink
