#pragma once
// The whole state of a Zino server, as zino-state.json has it.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "zino/protocol/case_id.hpp"
#include "zino/state/record.hpp"

namespace uncork::zino {

/// Cases by the key of the file (which may differ from the `id` field that GETATTRS shows), planned maintenances in the order of
/// the file, and everything else as it was. A value.
struct State {
  std::map<CaseId, Record> cases;
  CaseId last_case_id = 0;
  std::vector<std::pair<CaseId, Record>> maintenances;
  CaseId last_maintenance_id = 0;
  Timestamp last_maintenance_run{};
  /// The rest of the document. Of the parts above only the keys that Zino 2 does not know are left in it.
  KeptJson document;

  bool operator==(const State&) const = default;

  [[nodiscard]] Record* find_maintenance(CaseId id);
  [[nodiscard]] const Record* find_maintenance(CaseId id) const;
  /// A port of a device as the file has it; null if it does not.
  [[nodiscard]] const Json* find_port(std::string_view router, std::int64_t ifindex) const;
  /// Devices by name; an empty object if there are none.
  [[nodiscard]] const Json& devices() const;
};

/// Reads a state file. An error names line and field, as `line 12: events.events.5.state: expected one of …`. `now` stands in for
/// times that the file leaves out.
[[nodiscard]] core::Result<State> parse_state(std::string_view text, Timestamp now);

/// The state file, indented by 2, ended by nothing (as Zino 2's).
[[nodiscard]] std::string dump_state(const State& state);

}  // namespace uncork::zino
