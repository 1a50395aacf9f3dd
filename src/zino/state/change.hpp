#pragma once
// Everything that may happen to the state, as values: checked by the store, written to the journal, applied live and in a replay.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.hpp"
#include "zino/state/state.hpp"

namespace uncork::zino {

struct SetState {
  CaseId id;
  std::string state;
  bool operator==(const SetState&) const = default;
};
struct AddHistory {
  CaseId id;
  std::string message;
  bool operator==(const AddHistory&) const = default;
};
struct ClearFlap {
  std::string router;
  std::int64_t ifindex;
  bool operator==(const ClearFlap&) const = default;
};
struct AddMaintenance {
  Timestamp from;
  Timestamp to;
  std::string type;
  std::string match_type;
  std::optional<std::string> device;
  std::string expression;
  bool operator==(const AddMaintenance&) const = default;
};
struct CancelMaintenance {
  CaseId id;
  bool operator==(const CancelMaintenance&) const = default;
};
struct LogMaintenance {
  CaseId id;
  std::string message;
  bool operator==(const LogMaintenance&) const = default;
};
/// Starts, applies, ends and deletes planned maintenances that are due at the change's time.
struct RunMaintenance {
  bool operator==(const RunMaintenance&) const = default;
};
/// Removes closed cases; one without a closing time gets that of the change instead.
struct Scavenge {
  std::vector<CaseId> ids;
  bool operator==(const Scavenge&) const = default;
};
/// Closes open cases that are about the same thing as an older one.
struct CloseDuplicates {
  bool operator==(const CloseDuplicates&) const = default;
};

struct Change {
  Timestamp at;
  std::string user;  ///< empty when nobody asked for it
  std::variant<SetState, AddHistory, ClearFlap, AddMaintenance, CancelMaintenance, LogMaintenance, RunMaintenance, Scavenge,
               CloseDuplicates>
      what;
  bool operator==(const Change&) const = default;
};

/// One line of JSON without its end, and back. Errors say which key is wrong.
[[nodiscard]] std::string serialize(const Change& change);
[[nodiscard]] core::Result<Change> parse_change(std::string_view line);

}  // namespace uncork::zino
