#pragma once
// One watch from its begin to its end: asks the source twice a second, shows what there is, and what it comes to.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/event_feed.hpp"
#include "cli/verb.hpp"
#include "cli/watch/connections.hpp"
#include "cli/watch/ending.hpp"
#include "cli/watch/options.hpp"
#include "cli/watch/services.hpp"
#include "cli/watch/source.hpp"
#include "cli/watch/view.hpp"

namespace uncork::cli {

/// Shows on standard output; on standard error where a command is watched, whose standard output is. The options outlive it.
class WatchSession {
 public:
  [[nodiscard]] static core::Result<std::unique_ptr<WatchSession>> make(const WatchOptions& options, WatchSource source);

  /// Until `ending` says so. found: a line lost what matters.
  [[nodiscard]] core::Result<Exit> run(WatchEnding& ending);

 private:
  /// What is shown between start and end.
  enum class Between : std::uint8_t { nothing, browsed, json, events };
  WatchSession(const WatchOptions& options, WatchSource source, Sieve sieve);

  core::Result<Exit> browse(WatchEnding& ending);
  core::Status wait_until(WatchEnding& ending, core::Time deadline);
  void say_start(const std::string& words);
  void show();
  Exit say_end(core::Time now, std::optional<int> command_exit);
  void write(const std::string& text) const;
  void write_page(const std::string& text) const;
  [[nodiscard]] std::string table(core::Micros watched);
  [[nodiscard]] std::vector<std::string> limits() const;

  const WatchOptions& options_;
  WatchSource source_;
  std::unique_ptr<WatchView> view_;
  ConnectionView* connections_ = nullptr;  // the view, if it is of connections
  ServiceView* services_ = nullptr;        // else
  int to_;                                 // the descriptor that it shows on
  Between between_;
  std::optional<EventFeed> feed_;
  std::vector<std::string> said_limits_;  // at the start: not again at the end
  core::Time begun_ = core::MonotonicClock::now();
};

}  // namespace uncork::cli
