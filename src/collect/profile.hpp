#pragma once
// Where the processor time of the thread that polls goes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/clock.hpp"
#include "core/own_cost.hpp"

namespace uncork::collect {

/// What the thread does, in the order in which it does it.
enum class Phase : std::uint8_t {
  look,      ///< the kernel's lists, decoded, with names
  hand_on,   ///< rows filtered, and written in the formats of sinks and subscribers
  services,  ///< sums by service, process and peer
  store,     ///< SQLite
  tell,      ///< metrics and the snapshot
  wait,      ///< what ends meanwhile, new namespaces, close-ups
};
inline constexpr std::size_t kPhases = 6;
/// `look`, `hand_on`, ...
[[nodiscard]] std::string_view name(Phase phase);

/// Processor time by phase, since the start. A value.
using Profile = std::array<core::Micros, kPhases>;

/// Measures it: everything between two calls belongs to the phase that the second one names. Only on the thread that it is of.
class Profiler {
 public:
  void end(Phase phase) {
    const core::Micros now = core::thread_cpu();
    profile_.at(static_cast<std::size_t>(phase)) += now - before_;
    before_ = now;
  }
  [[nodiscard]] const Profile& profile() const { return profile_; }

 private:
  Profile profile_{};
  core::Micros before_ = core::thread_cpu();
};

}  // namespace uncork::collect
