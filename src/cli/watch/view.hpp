#pragma once
// What `uncork watch` shows of its source, as it goes and at the end.

#include <optional>
#include <string>
#include <vector>

#include "cli/watch/options.hpp"
#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"

namespace uncork::cli {

/// The end of a watch, as a view has to tell of it.
struct WatchEnd {
  core::Micros watched{0};
  std::vector<std::string> limits;
  std::optional<int> command_exit{};
};

/// One way of showing: asks the source, and makes texts. One thread. The source and the options outlive it.
class WatchView {
 public:
  virtual ~WatchView() = default;
  /// Asks the source.
  [[nodiscard]] virtual core::Status update(core::Time now) = 0;
  /// The table for a terminal `width` columns wide (0: unlimited).
  [[nodiscard]] virtual std::string table(core::Micros watched, std::size_t width, bool color) = 0;
  /// Live lines of NDJSON.
  [[nodiscard]] virtual std::string live_json() = 0;
  /// How many of what a line is of lost what matters.
  [[nodiscard]] virtual std::size_t losing() = 0;
  /// At the end, for people: a verdict each, and a sentence. Lines are not broken.
  [[nodiscard]] virtual std::string verdicts_text(const WatchEnd& end) = 0;
  /// The same for programs.
  [[nodiscard]] virtual std::string verdicts_json(const WatchEnd& end) = 0;
  /// What there was, where something was chosen and nothing was found: `--comm ngins matched none of 3 services: nginx server
  /// :80, curl client :80`; empty: something was found, or everything was asked for.
  [[nodiscard]] virtual std::string none_matched() = 0;
};

/// What of it matters is judged by: `at least 1.00 ms, and 2 % or 1.00 ms an exchange`.
[[nodiscard]] std::string threshold_text(const WatchOptions& options);

/// What every summary has of the watch, whatever its lines are of.
[[nodiscard]] core::Json summary_json(const WatchOptions& options, const WatchEnd& end, stall::Confidence confidence,
                                      const std::string& none_matched);

}  // namespace uncork::cli
