#pragma once
// Whether the ledger says of a case what a correct one must.

#include <string>
#include <vector>

#include "lab/field/case.hpp"
#include "lab/field/play.hpp"

namespace uncork::lab::field {

/// A stall that somebody is charged with, an exchange.
struct Blame {
  Who who = Who::client;  ///< who can end it
  stall::Cause cause = stall::Cause::idle;
  double lost_ms = 0;
};

struct Judgement {
  std::vector<Blame> blames;            ///< what is wanted or exceeds tolerance_ms, the largest first
  double lost_ms = 0;                   ///< an exchange, all stalls of all ends
  std::vector<std::string> complaints;  ///< why it is not as wanted; empty: it is
  [[nodiscard]] bool passed() const { return complaints.empty(); }
};

/// Timers are late on a busy machine, and never early: measured with two builds beside, delayed acknowledgements at HZ 250 came
/// after 44 to 45 ms instead of 41 to 44. A late sleep shortens the hold that it is part of.
inline constexpr double kTimersLate = 0.05;

/// What may be charged to somebody innocent, an exchange: 1 ms or 2 % of it, whichever is more.
[[nodiscard]] double tolerance_ms(const Play& play);

/// Pure. Every want and every lateness must be met, and no other stall be charged that is not allowed. Ranges in milliseconds are
/// wider by tolerance_ms, and their upper ends by kTimersLate if that is more.
[[nodiscard]] Judgement judge(const Case& field_case, const Play& play);

/// What a verdict claimed, and what its remedy gave back; an exchange.
struct Recovery {
  double claimed_ms = 0;
  double given_back_ms = 0;
  double cured_mean_ms = 0;
  bool equal = false;  ///< within a tenth of the exchange (0.1 to 2 ms), or the case's share of the larger
};
[[nodiscard]] Recovery compare(const Case& field_case, const Judgement& sick, const Play& before, const Play& after);

}  // namespace uncork::lab::field
