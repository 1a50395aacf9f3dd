#include "zino/state/store.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <tuple>

#include "zino/protocol/text.hpp"
#include "zino/state/case_edit.hpp"
#include "zino/state/fields.hpp"
#include "zino/state/maintenance_run.hpp"
#include "zino/state/matching.hpp"

namespace uncork::zino {
namespace {

constexpr std::chrono::hours kClosedFor{8};
const std::string kOk = "200 ok";

std::string no_case(CaseId id) { return fmt::format("500 event \"{}\" does not exist", id); }
std::string no_maintenance(CaseId id) { return fmt::format("500 pm \"{}\" does not exist", id); }

bool one_of(std::span<const std::string_view> values, std::string_view value) {
  return std::ranges::find(values, value) != values.end();
}

/// What makes two cases be about the same thing.
std::tuple<std::string, std::string, Value> subject_of(const Record& record) {
  const std::string type(record.text("type"));
  Value part;
  if (type == "portstate" || type == "bfd") part = record["ifindex"];
  if (type == "bgp") part = record["remote_address"];
  if (type == "alarm") part = record["alarm_type"];
  return {std::string(record.text("router")), type, part};
}

/// The open cases that have the subject of another, oldest first, in groups.
std::vector<std::vector<CaseId>> duplicates(const State& state) {
  std::vector<std::pair<std::tuple<std::string, std::string, Value>, std::vector<CaseId>>> groups;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> where;
  for (const auto& [id, record] : state.cases) {
    if (record.text("state") == "closed") continue;
    auto subject = subject_of(record);
    const auto key = std::tuple(std::get<0>(subject), std::get<1>(subject), wire_text(std::get<2>(subject)).value_or("\n"));
    const auto [at, added] = where.try_emplace(key, groups.size());
    if (added) groups.emplace_back(std::move(subject), std::vector<CaseId>());
    groups[at->second].second.push_back(id);
  }
  std::vector<std::vector<CaseId>> found;
  for (auto& [subject, ids] : groups) {
    if (ids.size() < 2) continue;
    std::ranges::sort(ids, {}, [&state](CaseId id) { return std::pair(*state.cases.at(id).get<Timestamp>("opened"), id); });
    found.push_back(std::move(ids));
  }
  return found;
}

/// The open portstate case of a port that is known and flapping.
const std::pair<const CaseId, Record>* flapping_case(const State& state, const ClearFlap& clear) {
  if (state.find_port(clear.router, clear.ifindex) == nullptr) return nullptr;
  const auto found = std::ranges::find_if(state.cases, [&clear](const auto& entry) {
    const Record& record = entry.second;
    return record.text("type") == "portstate" && record.text("router") == clear.router && record.text("state") != "closed" &&
           record["ifindex"] == Value(clear.ifindex);
  });
  if (found == state.cases.end() || found->second.text("flapstate") != "flapping") return nullptr;
  return &*found;
}

/// Takes the port's flapping statistics away; how often it flapped.
std::int64_t unflap(State& state, const ClearFlap& clear) {
  Json& document = state.document.edit();
  const auto part = document.find("flapping");
  if (part == document.end() || !part->is_object()) return 0;
  const auto interfaces = part->find("interfaces");
  if (interfaces == part->end() || !interfaces->is_object()) return 0;
  const auto found = interfaces->find(fmt::format("{}:{}", clear.router, clear.ifindex));
  if (found == interfaces->end()) return 0;
  const Json flaps = found->is_object() && found->contains("flaps") ? (*found)["flaps"] : Json(0);
  interfaces->erase(found);
  return flaps.is_number_integer() ? flaps.get<std::int64_t>() : 0;
}

/// Whether a change would be refused or change nothing, and the answer.
struct Settle {
  const State& state;
  Timestamp at;

  std::optional<std::string> operator()(const SetState& change) const {
    const auto found = state.cases.find(change.id);
    if (found == state.cases.end()) return no_case(change.id);
    if (!one_of(case_states(), change.state)) {
      return fmt::format("500 state must be one of {}", fmt::join(case_states(), ", "));
    }
    const std::string_view now = found->second.text("state");
    if (now == change.state) return kOk;
    if (now == "closed") {
      const auto shown = wire_text(found->second["id"]);
      return fmt::format("500 Cannot reopen closed event {}", shown.value_or("None"));
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const AddHistory& change) const {
    if (!state.cases.contains(change.id)) return no_case(change.id);
    return std::nullopt;
  }
  std::optional<std::string> operator()(const ClearFlap& change) const {
    if (flapping_case(state, change) == nullptr) return kOk;
    return std::nullopt;
  }
  std::optional<std::string> operator()(const AddMaintenance& change) const {
    if (change.to < change.from) return "500 ending time is before starting time";
    if (change.from < at) return "500 starting time is in the past";
    if (!one_of(maintenance_types(), change.type)) return fmt::format("500 unknown PM event type: {}", change.type);
    if (!one_of(match_types(), change.match_type)) return fmt::format("500 unknown match type: {}", change.match_type);
    if (change.match_type != "regexp" && change.match_type != "intf-regexp") return std::nullopt;
    if (change.device) {
      if (const auto why = regexp_error(*change.device)) return fmt::format("500 illegal match_device: {}", *why);
    }
    if (const auto why = regexp_error(change.expression)) return fmt::format("500 illegal match_expression: {}", *why);
    return std::nullopt;
  }
  std::optional<std::string> operator()(const CancelMaintenance& change) const { return known(change.id); }
  std::optional<std::string> operator()(const LogMaintenance& change) const { return known(change.id); }
  template <typename Other>
  std::optional<std::string> operator()(const Other&) const {
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> known(CaseId id) const {
    if (state.find_maintenance(id) == nullptr) return no_maintenance(id);
    return std::nullopt;
  }
};

/// Makes a change that Settle has let through.
struct Apply {
  State& state;
  const Change& change;
  Applied& result;

  void operator()(const SetState& set) const {
    CaseEdit edit(set.id, state.cases.at(set.id), change.at);
    edit.set_state(set.state, change.user);
    edit.commit(result.notifications);
  }
  void operator()(const AddHistory& add) const {
    CaseEdit edit(add.id, state.cases.at(add.id), change.at);
    edit.add_history(fmt::format("{}\n{}", change.user, add.message));
    edit.commit(result.notifications);
  }
  void operator()(const ClearFlap& clear) const {
    const std::string reason = "Flapstate manually cleared";
    const auto* entry = flapping_case(state, clear);
    const Json& port = *state.find_port(clear.router, clear.ifindex);
    CaseEdit edit(entry->first, state.cases.at(entry->first), change.at);
    edit.add_history(fmt::format("{}\n{}", change.user, reason));
    edit.set("flapstate", std::string("stable"));
    edit.add_log(fmt::format("{}: intf \"{}\" ix {}({}) {}", clear.router, port_text(port, "ifdescr").value_or("None"),
                             clear.ifindex, port_text(port, "ifalias").value_or("None"), reason));
    edit.set("flaps", unflap(state, clear));
    edit.commit(result.notifications);
  }
  void operator()(const AddMaintenance& add) const {
    const CaseId id = ++state.last_maintenance_id;
    Record made(maintenance_fields(), change.at);
    made.value("id") = id;
    made.value("start_time") = add.from;
    made.value("end_time") = add.to;
    made.value("type") = add.type;
    made.value("match_type") = add.match_type;
    if (add.device) made.value("match_device") = *add.device;
    made.value("match_expression") = add.expression;
    std::erase_if(state.maintenances, [id](const auto& entry) { return entry.first == id; });  // a file with a low last_pm_id
    state.maintenances.emplace_back(id, std::move(made));
    result.reply = fmt::format("200 PM id {} successfully added", id);
  }
  void operator()(const CancelMaintenance& cancel) const {
    std::erase_if(state.maintenances, [&cancel](const auto& entry) { return entry.first == cancel.id; });
  }
  void operator()(const LogMaintenance& add) const {
    auto& log = std::get<std::vector<LogEntry>>(state.find_maintenance(add.id)->value("log"));
    log.push_back({change.at, fmt::format("{}\n{}", change.user, add.message)});
  }
  void operator()(const RunMaintenance&) const { run_maintenances(state, change.at, result.notifications); }
  void operator()(const Scavenge& scavenge) const {
    for (const CaseId id : scavenge.ids) {
      const auto found = state.cases.find(id);
      if (found == state.cases.end() || found->second.text("state") != "closed") continue;
      if (found->second.get<Timestamp>("closed") == nullptr) {
        found->second.value("closed") = change.at;
        continue;
      }
      state.cases.erase(found);
      result.notifications.push_back({id, "scavenged", ""});
    }
  }
  void operator()(const CloseDuplicates&) const {
    for (const auto& group : duplicates(state)) {
      for (std::size_t i = 1; i < group.size(); ++i) {
        CaseEdit edit(group[i], state.cases.at(group[i]), change.at);
        edit.set_state("closed", "duplicate");
        edit.add_log(fmt::format("Event closed automatically during cleanup: duplicate of event {}", group[0]));
        edit.commit(result.notifications);
      }
    }
  }
};

}  // namespace

const Record* Store::find_case(CaseId id) const {
  const auto found = state_.cases.find(id);
  return found == state_.cases.end() ? nullptr : &found->second;
}

std::optional<std::string> Store::settled(const Change& change) const {
  return std::visit(Settle{state_, change.at}, change.what);
}

Applied Store::apply(const Change& change) {
  if (auto reply = settled(change)) return {std::move(*reply), {}};
  Applied result{kOk, {}};
  std::visit(Apply{state_, change, result}, change.what);
  return result;
}

bool Store::maintenance_turns(Timestamp from, Timestamp to) const { return zino::maintenance_turns(state_, from, to); }

bool Store::maintenance_due(Timestamp now) const { return maintenance_run_due(state_, now); }

std::vector<CaseId> Store::expired_cases(Timestamp now) const {
  std::vector<CaseId> ids;
  for (const auto& [id, record] : state_.cases) {
    if (record.text("state") != "closed") continue;
    const auto* closed = record.get<Timestamp>("closed");
    if (closed == nullptr || now > *closed + kClosedFor) ids.push_back(id);
  }
  return ids;
}

bool Store::has_duplicates() const { return !duplicates(state_).empty(); }

std::string attribute_lines(const Record& record) {
  std::string lines;
  for (std::size_t i = 0; i < record.fields().size(); ++i) {
    const Field& field = record.fields()[i];
    if (field.kind == FieldKind::log) continue;
    auto value = wire_text(record.at(i));
    if (!value && field.fallback.data() != nullptr) value = std::string(field.fallback);  // `port` is always there
    if (value) fmt::format_to(std::back_inserter(lines), "{}: {}\r\n", field.wire, *value);
  }
  return lines;
}

std::string maintenance_details(CaseId id, const Record& maintenance) {
  std::string details = std::to_string(id);
  for (const char* name : {"start_time", "end_time", "type", "match_type", "match_device", "match_expression"}) {
    const auto value = wire_text(maintenance[name]);
    if (value && !value->empty()) details += " " + *value;
  }
  return details;
}

}  // namespace uncork::zino
