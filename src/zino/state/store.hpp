#pragma once
// The state in memory: answers what it knows, and is changed by Change values alone, the same way live and in a replay.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zino/protocol/notification.hpp"
#include "zino/state/change.hpp"
#include "zino/state/state.hpp"

namespace uncork::zino {

/// What became of a change.
struct Applied {
  std::string reply;  ///< to who asked: `200 ok`, `200 PM id 3 successfully added`, `500 …`, without line end
  std::vector<Notification> notifications;
};

/// Sans-I/O; not thread-safe.
class Store {
 public:
  explicit Store(State state) : state_(std::move(state)) {}

  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] const Record* find_case(CaseId id) const;

  /// The answer to a change that need not be made, since it is refused or would change nothing. Nothing: make it durable, then
  /// apply it (which may still refuse it, if another came first).
  [[nodiscard]] std::optional<std::string> settled(const Change& change) const;
  /// Makes the change. Deterministic: the same changes in the same order give the same state.
  Applied apply(const Change& change);

  /// Whether a planned maintenance starts or ends after `from`, and at `to` at the latest: cheap enough for every tick.
  [[nodiscard]] bool maintenance_turns(Timestamp from, Timestamp to) const;
  /// Whether planned maintenances have something to do at `now`: one starts, ends, is to be deleted, or has found a new case.
  [[nodiscard]] bool maintenance_due(Timestamp now) const;
  /// Closed cases that a Scavenge at `now` is for: closed for more than 8 hours, or without a closing time.
  [[nodiscard]] std::vector<CaseId> expired_cases(Timestamp now) const;
  /// Whether two open cases are about the same thing.
  [[nodiscard]] bool has_duplicates() const;

 private:
  State state_;
};

/// The `name: value` lines of GETATTRS, CR LF after each.
[[nodiscard]] std::string attribute_lines(const Record& record);
/// The text of PM DETAILS behind `200 `.
[[nodiscard]] std::string maintenance_details(CaseId id, const Record& maintenance);

}  // namespace uncork::zino
