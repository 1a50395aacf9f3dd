#pragma once
// All processes that a selector means, each with its watcher, as they come and go.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/result.hpp"
#include "cure/select/selector.hpp"
#include "cure/watcher.hpp"

namespace uncork::cure {

/// Moves, never copies; not thread-safe. Errors are those of listing /proc; what a single process refuses is in the answer.
class Fleet {
 public:
  Fleet(Selector selector, CureOptions options) : selector_(std::move(selector)), options_(std::move(options)) {}

  /// What one look at the processes brought.
  struct News {
    std::vector<Chosen> joined;        ///< watched from now on
    std::vector<core::Error> refused;  ///< of processes that cannot be watched; said once each
    std::vector<std::string> notes;    ///< as in Selection; likewise the next
    std::string why_none;
  };
  [[nodiscard]] core::Result<News> discover();

  /// One pass over each process, in order of pids. One that has ended, or that fails (`failed`), is forgotten afterwards.
  struct Passed {
    pid_t pid = 0;
    core::Result<CureReport> report;
  };
  [[nodiscard]] std::vector<Passed> scan();

  /// Takes back what was set, of each process; they are looked at anew by the next scan().
  [[nodiscard]] std::vector<Passed> undo();

  /// Nobody is left; also of those that have ended since the last pass.
  [[nodiscard]] bool ended() const;
  [[nodiscard]] bool empty() const { return watchers_.empty(); }
  [[nodiscard]] bool grows() const { return selector_.grows(); }
  [[nodiscard]] std::vector<pid_t> pids() const;
  [[nodiscard]] const CureOptions& options() const { return options_; }

 private:
  using Identity = std::pair<pid_t, std::uint64_t>;  // start time
  void forget(const std::vector<Passed>& passed);

  Selector selector_;
  CureOptions options_;
  std::map<pid_t, Watcher> watchers_;
  std::set<Identity> refused_;
  bool looked_ = false;
};

}  // namespace uncork::cure
