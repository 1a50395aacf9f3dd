#pragma once
// How much may be done within a share of a processor.

#include <cstddef>

#include "core/clock.hpp"

namespace uncork::collect {

/// Told what each round has cost, it says how many sockets the next may look at, and when. The cadence is kept as long as one
/// socket a round can be paid for; beyond that rounds come later. A value; without a clock.
class Allowance {
 public:
  /// `share`: of one processor, above 0.
  Allowance(core::Micros cadence, double share) : cadence_(cadence), share_(share) {}

  /// When the next round may be, at the earliest.
  [[nodiscard]] core::Time next() const { return next_; }
  /// Of so many sockets, how many the next round looks at: one at least.
  [[nodiscard]] std::size_t affordable(std::size_t wanted) const;
  /// A round that began then has looked at so many sockets for this processor time.
  void spent(core::Time begun, core::Micros cpu, std::size_t sockets);

 private:
  core::Micros cadence_;
  double share_;
  double socket_us_ = 10;  // what a socket costs, of late
  core::Time next_{};
};

}  // namespace uncork::collect
