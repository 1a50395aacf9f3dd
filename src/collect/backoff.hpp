#pragma once
// How long to wait before the next attempt at something that does not work.

#include <cstdint>
#include <optional>
#include <random>

#include "core/clock.hpp"

namespace uncork::collect {

struct BackoffOptions {
  core::Micros first{200'000};
  core::Micros most{30'000'000};
};

/// Twice as long each time, and each time by chance between half of that and all of it, so that many programs that lost one
/// server do not return at once. Without a clock. A value.
class Backoff {
 public:
  explicit Backoff(BackoffOptions options, std::uint64_t seed) : options_(options), random_(seed) {}

  /// The wait after a failure; never shorter than `at_least`, which a server may ask for.
  [[nodiscard]] core::Micros failed(std::optional<core::Micros> at_least = {});
  void worked() { failures_ = 0; }

  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  BackoffOptions options_;
  std::mt19937_64 random_;
  std::uint64_t failures_ = 0;  // in a row
};

}  // namespace uncork::collect
