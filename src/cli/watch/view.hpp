#pragma once
// What `uncork watch` shows of its source, as it goes and at the end.

#include <optional>
#include <string>
#include <vector>

#include "cli/verb.hpp"
#include "cli/watch/options.hpp"
#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "probe/open_source.hpp"
#include "stall/verdict.hpp"

namespace uncork::cli {

/// The end of a watch, as a view has to tell of it.
struct WatchEnd {
  core::Micros watched{0};
  std::vector<std::string> limits;      ///< all
  std::vector<std::string> new_limits;  ///< not said at the start
};

/// One way of showing. One thread. The source and the options outlive it.
class WatchView {
 public:
  virtual ~WatchView() = default;
  /// Asks the source.
  [[nodiscard]] virtual core::Status update(core::Time now) = 0;
  /// The table for a terminal `width` columns wide (0: unlimited).
  [[nodiscard]] virtual std::string table(core::Micros watched, std::size_t width, bool color) = 0;
  /// Live lines of NDJSON.
  virtual void put_lines() = 0;
  /// How many of what a line is of lost what matters.
  [[nodiscard]] virtual std::size_t losing() = 0;
  /// At the end, for people: a verdict each, and a sentence.
  virtual void print_verdicts(const WatchEnd& end) = 0;
  /// The same for programs.
  virtual void put_verdicts(const WatchEnd& end) = 0;
};

/// `Watched for 10.0 s: ` and what of it matters is judged by.
[[nodiscard]] std::string threshold_text(const WatchOptions& options);

}  // namespace uncork::cli
