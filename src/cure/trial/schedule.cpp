#include "cure/trial/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "core/duration.hpp"
#include "cure/trial/verdict.hpp"

namespace uncork::cure {
namespace {

constexpr core::Micros kShortest{200'000};
constexpr core::Micros kShortestChosen{250'000};
constexpr core::Micros kLongestChosen{2'000'000};
/// An exchange that waits for a delayed ACK of Linux takes 40 ms, two of them 80; a tenth of a long window costs little.
constexpr core::Micros kLeastSettle{100'000};

}  // namespace

core::Result<TrialSchedule> plan_trial(core::Micros duration, core::Micros window, std::uint32_t seed) {
  if (window == core::Micros(0)) window = std::clamp(duration / 10, kShortestChosen, kLongestChosen);
  if (window < kShortest) {
    return core::fail(
        core::invalid_argument(fmt::format("--window {}: shorter than {}, in which no exchange could be told from the switch",
                                           core::to_string(window), core::to_string(kShortest))));
  }
  const auto pairs = static_cast<std::size_t>(duration / (2 * window));
  if (pairs < kFewestPairs) {
    return core::fail(core::invalid_argument(fmt::format("--trial {}: no time for {} pairs of windows of {}; give at least {}",
                                                         core::to_string(duration), kFewestPairs, core::to_string(window),
                                                         core::to_string(2 * kFewestPairs * window))));
  }
  TrialSchedule schedule{window, std::max(window / 10, kLeastSettle), {}};
  std::vector<bool> on_first(pairs);
  for (std::size_t pair = 0; pair < pairs; ++pair) on_first[pair] = pair % 2 == 0;
  std::mt19937 random(seed);
  for (std::size_t left = pairs; left > 1; --left) {
    const std::size_t drawn = std::uniform_int_distribution<std::size_t>(0, left - 1)(random);
    const bool kept = on_first[left - 1];
    on_first[left - 1] = on_first[drawn];
    on_first[drawn] = kept;
  }
  for (const bool on : on_first) {
    schedule.order.push_back(on);
    schedule.order.push_back(!on);
  }
  return schedule;
}

}  // namespace uncork::cure
