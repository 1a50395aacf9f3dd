#pragma once
// When a collector polls: at intervals with jitter, when it is asked to, and in bursts. Without a clock or I/O.

#include <cstdint>
#include <optional>
#include <random>

#include "core/clock.hpp"

namespace uncork::collect {

/// Fed with the time; asked when the next poll is due. A value; one thread.
class Schedule {
 public:
  /// The first poll is due at `begin`. Each interval is shorter by a random part of `jitter` (0 to 1) of it, so that many
  /// collectors that were started at once do not go on polling at once. The same seed gives the same times.
  Schedule(core::Micros interval, double jitter, core::Time begin, std::uint64_t seed);

  /// When the next poll is due.
  [[nodiscard]] core::Time next() const;

  /// A poll begins now. One that comes late does not make up for those that were missed: they are counted.
  void begin(core::Time now);

  /// From the next poll on.
  void change(core::Micros interval, double jitter);

  /// One poll at once, beside those of the interval and of a burst.
  void trigger(core::Time now) { triggered_ = now; }
  /// `count` polls, the first at once, `apart` between their begins; instead of an earlier burst's rest.
  void burst(core::Time now, std::uint32_t count, core::Micros apart);

  /// Polls of the interval that never were, since the one before took too long.
  [[nodiscard]] std::uint64_t missed() const { return missed_; }

 private:
  struct Burst {
    core::Time next{};
    std::uint32_t left = 0;
    core::Micros apart{0};
  };
  [[nodiscard]] core::Micros drawn();

  core::Micros interval_;
  double jitter_;
  std::mt19937_64 random_;
  core::Time next_;
  std::optional<Burst> burst_;
  std::optional<core::Time> triggered_;
  std::uint64_t missed_ = 0;
};

}  // namespace uncork::collect
