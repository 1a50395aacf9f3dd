#pragma once
// How often something may happen.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "uncork/http2/options.hpp"
#include "uncork/http2/types.hpp"

namespace uncork::http2 {

/// A token bucket that begins full. Time may stand still between two calls, and must not go back. A value.
class TokenBucket {
 public:
  TokenBucket(const rate_limit& rate, time_point now) noexcept : rate_(rate), tokens_(rate.burst * kScale), filled_(now) {}

  /// Takes a token; false if there is none.
  [[nodiscard]] bool take(time_point now) noexcept {
    if (tokens_ < kScale) fill(now);
    if (tokens_ < kScale) return false;
    tokens_ -= kScale;
    return true;
  }
  /// Earned by something else than time.
  void add(std::uint32_t tokens) noexcept { tokens_ = std::min(tokens_ + tokens * kScale, rate_.burst * kScale); }

 private:
  static constexpr std::uint64_t kScale = 1000;  // thousandths of a token

  void fill(time_point now) noexcept {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - filled_);
    if (passed.count() <= 0) return;
    filled_ += passed;                        // what is less than a millisecond is left for the next time
    const auto most = std::chrono::hours(1);  // more would only overflow
    tokens_ += static_cast<std::uint64_t>(std::min<std::chrono::milliseconds>(passed, most).count()) * rate_.a_second;
    tokens_ = std::min(tokens_, rate_.burst * kScale);
  }

  rate_limit rate_;
  std::uint64_t tokens_;
  time_point filled_;
};

}  // namespace uncork::http2
