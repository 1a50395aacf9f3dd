#pragma once
// The proof: a line server, written line by line or at once, reached directly or through a relay, with Nagle on or off at the
// last sender before the client: eight cells in one run, watched. Then the worst of them is cured while it runs.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/histogram.hpp"
#include "core/result.hpp"
#include "lab/chatty/line_server.hpp"
#include "probe/source.hpp"

namespace uncork::lab {

enum class Path { direct, relay };
enum class Blamed { server, relay };

struct ChattyOptions {
  unsigned exchanges = 100;
  unsigned lines = 12;
};

struct Setup {
  Path path = Path::direct;
  Writes writes = Writes::per_line;
  Nagle nagle = Nagle::on;  ///< of the last sender before the client: the server, or the relay (the server then has NODELAY)

  bool operator==(const Setup&) const = default;
  /// Small writes under Nagle: this cell must stall, every other must not.
  [[nodiscard]] bool must_stall() const { return writes == Writes::per_line && nagle == Nagle::on; }
};

/// One cell as it was measured.
struct Cell {
  Setup setup;
  unsigned exchanges = 0;
  core::Histogram times;  ///< as the client saw each exchange
  double chunks = 0;      ///< reads the client needed, an exchange
  double writes = 0;      ///< of the last sender before the client, an exchange; 0: not seen
  core::Micros held{0};   ///< by Nagle or cork, on the worst socket of server and relay
  double held_share = 0;  ///< of that socket's time with an exchange under way
  std::optional<stall::Cause> cause;
  std::optional<Blamed> blamed;
  pid_t blamed_pid = 0;
  std::string failed_because;  ///< empty: it behaved as its setup must
};

struct Cure {
  pid_t pid = 0;
  Setup setup;
  std::vector<core::Micros> before;  ///< exchanges in order
  std::vector<core::Micros> after;
  core::Micros before_mean{0};
  core::Micros after_mean{0};  ///< without the exchange in which the cure came
  std::string failed_because;
};

struct ChattyResult {
  std::vector<Cell> cells;
  Cure cure;
  [[nodiscard]] bool passed() const;
};

/// Runs the scenario; `source` must be watching already. `on_cell` is told each finished cell, `on_progress` (cell number from 0,
/// exchanges done) often, and may return false to stop early: the result then has the cells so far and an error is given.
struct ChattyObserver {
  std::function<void(const Cell&)> on_cell;
  std::function<bool(std::size_t cell, unsigned exchanges)> on_progress;
};
[[nodiscard]] core::Result<ChattyResult> run_chatty(const ChattyOptions& options, probe::Source& source,
                                                    const ChattyObserver& observer);

/// The eight setups in the order in which they run.
[[nodiscard]] const std::vector<Setup>& chatty_setups();

}  // namespace uncork::lab
