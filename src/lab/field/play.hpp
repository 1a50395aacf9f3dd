#pragma once
// What one playing of a case has shown.

#include <vector>

#include "core/clock.hpp"
#include "lab/field/case.hpp"
#include "stall/verdict.hpp"

namespace uncork::lab::field {

/// One end of a connection of the case, and what its account was charged from the second exchange to the last.
struct PlayedEnd {
  Who who = Who::client;
  Who peer = Who::server;  ///< who is at the other end
  stall::ConnectionEnd where;
  stall::Account account;
};

struct Play {
  unsigned exchanges = 0;  ///< that were judged: all but the first
  core::Micros wall{0};    ///< of all of them, by the client's clock
  std::vector<PlayedEnd> ends;

  /// An exchange.
  [[nodiscard]] double mean_ms() const { return per_exchange(wall); }
  [[nodiscard]] double per_exchange(core::Micros time) const { return exchanges == 0 ? 0 : core::to_ms(time) / exchanges; }
};

/// What an account was charged since it was `before`. The worst late write and the histograms are those of `after`.
[[nodiscard]] stall::Account since(const stall::Account& before, stall::Account after);

}  // namespace uncork::lab::field
