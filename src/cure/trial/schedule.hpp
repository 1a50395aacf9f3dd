#pragma once
// In which order a trial turns the option on and off. Sans-I/O.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::cure {

struct TrialSchedule {
  core::Micros window{0};   ///< the length of one, settling included
  core::Micros settle{0};   ///< its first moments, which are left out: exchanges that began before the switch
  std::vector<bool> order;  ///< whether the option is on, a window each; two and two are a pair
};

/// Pairs for as long as `duration`. The order within a pair is drawn by `seed`, so that what comes and goes with the windows' own
/// rhythm does not pass for an effect, and balanced: as many pairs begin with the option as without, or one more. `window` 0: a
/// tenth of the duration, between 250 ms and 2 s. invalid_argument when fewer than three pairs fit.
[[nodiscard]] core::Result<TrialSchedule> plan_trial(core::Micros duration, core::Micros window, std::uint32_t seed);

}  // namespace uncork::cure
