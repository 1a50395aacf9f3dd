#pragma once
// What a trial of TCP_NODELAY came to, from the figures of its windows. Sans-I/O.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cure/trial/statistics.hpp"

namespace uncork::cure {

/// What was measured in one window, the moments after its switch left out. A value.
struct TrialWindow {
  bool nodelay = false;
  double seconds = 0;
  std::uint64_t exchanges = 0;  ///< that ended in it; the times are theirs
  double mean_ms = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double lost_ms = 0;              ///< an exchange, to stalls of this end
  double peer_ms = 0;              ///< an exchange, in which this end had done its part and the other had not
  std::uint64_t bytes = 0;         ///< both ways
  std::optional<double> segments;  ///< sent; nullopt: connections came and went too fast to count them
  double cpu_ms = 0;               ///< of the processes
  std::uint64_t connections = 0;   ///< that were open at its end
};

/// What the trial could do to the sockets.
struct TrialSockets {
  std::size_t seen = 0;     ///< connections, at once at most
  std::size_t changed = 0;  ///< of these, that had not the option by themselves; likewise
};

enum class TrialOutcome : std::uint8_t {
  gains,    ///< exchanges end sooner, or more gets through, and nothing is lost that weighs more
  mixed,    ///< a gain, and something that weighs more
  neutral,  ///< no figure that matters clearly moves
  loses,    ///< no gain, and something is clearly worse
  moves,    ///< no gain: the time waits at the other end now
  already,  ///< every connection has the option by itself
  too_few,  ///< exchanges, or pairs of windows, to tell
};
/// `gains`, `too_few`.
[[nodiscard]] std::string_view name(TrialOutcome outcome);

/// A figure without and with the option, over all windows of whole pairs.
struct TrialFigure {
  std::string key;    ///< of JSON: "mean_ms"
  std::string title;  ///< of the table: "exchange, mean"
  std::string unit;   ///< "ms"
  double off = 0;
  double on = 0;
  std::optional<Ratio> ratio;  ///< nullopt: not known
};

struct TrialVerdict {
  TrialOutcome outcome = TrialOutcome::too_few;
  std::size_t pairs = 0;
  std::vector<TrialFigure> figures;
  std::string sentence;  ///< what it came to, for a person
  [[nodiscard]] bool keeps() const { return outcome == TrialOutcome::gains; }
};

/// A change of less than this is none, whatever the interval says.
inline constexpr double kLeastEffect = 0.05;
/// With fewer whole pairs, or ended exchanges in either setting, nothing is concluded.
inline constexpr std::size_t kFewestPairs = 3;
inline constexpr std::uint64_t kFewestExchanges = 30;

/// Windows in the order in which they were; each two are a pair, whichever of them has the option. A pair without an exchange in
/// either of its windows, and a last window without its other, count for nothing.
[[nodiscard]] TrialVerdict judge_trial(std::span<const TrialWindow> windows, const TrialSockets& sockets);

}  // namespace uncork::cure
