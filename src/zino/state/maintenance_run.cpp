#include "zino/state/maintenance_run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

#include "zino/state/case_edit.hpp"
#include "zino/state/fields.hpp"
#include "zino/state/matching.hpp"

namespace uncork::zino {
namespace {

constexpr std::chrono::days kKeptFor{3};

Timestamp start_of(const Record& maintenance) { return *maintenance.get<Timestamp>("start_time"); }
Timestamp end_of(const Record& maintenance) { return *maintenance.get<Timestamp>("end_time"); }

bool starts(const State& state, const Record& pm, Timestamp now) {
  return state.last_maintenance_run < start_of(pm) && start_of(pm) <= now && now < end_of(pm);
}
bool active(const Record& pm, Timestamp now) { return start_of(pm) < now && now < end_of(pm); }
bool ends(const State& state, const Record& pm, Timestamp now) {
  return state.last_maintenance_run < end_of(pm) && end_of(pm) <= now;
}
bool old(const Record& pm, Timestamp now) { return now - end_of(pm) > kKeptFor; }
bool may_be_ignored(const Record& subject) { return subject.text("state") != "ignored" && subject.text("state") != "closed"; }

/// The open case about `router` and, where `field` is not empty, its `value`.
Record* find_open(State& state, std::string_view type, std::string_view router, std::string_view field, const Value& value,
                  CaseId& id) {
  for (auto& [key, record] : state.cases) {
    if (record.text("type") != type || record.text("router") != router || record.text("state") == "closed") continue;
    if (!field.empty() && record[field] != value) continue;
    id = key;
    return &record;
  }
  return nullptr;
}

/// One start of a maintenance: gives each device or port its cases, and ignores them.
class Start {
 public:
  Start(State& state, Record& maintenance, Timestamp now, std::vector<Notification>& notifications)
      : state_(state), maintenance_(maintenance), now_(now), notifications_(notifications) {}

  void run() {
    const auto found = matches(state_, maintenance_);
    if (!found) return;  // an expression that is none, from a foreign state file
    for (const Match& match : *found) match.port != nullptr ? port(match) : device(match.router);
  }

 private:
  void device(const std::string& router) {
    ignore("reachability", router, {}, {}, [this, &router](CaseEdit& edit) {
      const Json& known = state_.devices()[router];
      const bool down = known.contains("reachable_in_last_run") && known["reachable_in_last_run"] == false;
      edit.set("reachability", std::string(down ? "no-response" : "reachable"));
    });
    for (const std::string color : {"yellow", "red"}) {
      ignore("alarm", router, "alarm_type", color, [this, &router, &color](CaseEdit& edit) {
        const Json& known = state_.devices()[router];
        const bool counted = known.contains("alarms") && known["alarms"].is_object() && known["alarms"].contains(color) &&
                             known["alarms"][color].is_number_integer();
        edit.set("alarm_count", counted ? known["alarms"][color].get<std::int64_t>() : std::int64_t{0});
      });
    }
  }

  void port(const Match& match) {
    ignore("portstate", match.router, "ifindex", match.ifindex, [this, &match](CaseEdit& edit) {
      if (const auto name = port_text(*match.port, "ifdescr")) edit.set("port", *name);
      if (const auto alias = port_text(*match.port, "ifalias")) edit.set("descr", *alias);
      const auto now = port_text(*match.port, "state");
      const auto known = port_states();
      if (!now || std::ranges::find(known, *now) == known.end()) return;
      edit.set("portstate", *now);
      if (*now == "down" || *now == "flapping") edit.set("lasttrans", now_);
    });
  }

  /// Zino 2 leaves a case of its making without `updated` and what its type needs; strict clients then drop the whole list. Nor
  /// does it announce that the case is ignored, or write it down.
  template <typename Fill>
  void ignore(std::string_view type, const std::string& router, std::string_view field, const Value& value, const Fill& fill) {
    CaseId id = 0;
    Record* record = find_open(state_, type, router, field, value, id);
    if (record == nullptr) {
      id = ++state_.last_case_id;
      Record made(case_fields(type), now_);
      made.value("id") = id;
      made.value("router") = router;
      made.value("updated") = now_;
      if (!field.empty()) made.value(field) = value;
      record = &state_.cases.insert_or_assign(id, std::move(made)).first->second;
      CaseEdit making(id, *record, now_, true);
      fill(making);
      making.commit(notifications_);
    }
    CaseEdit edit(id, *record, now_);
    edit.set_state("ignored", "monitor");
    edit.commit(notifications_);
    std::get<std::vector<std::int64_t>>(maintenance_.value("event_ids")).push_back(id);
  }

  State& state_;
  Record& maintenance_;
  Timestamp now_;
  std::vector<Notification>& notifications_;
};

void ignore_covered(State& state, Timestamp now, std::vector<Notification>& notifications) {
  for (auto& [pm_id, pm] : state.maintenances) {
    if (!active(pm, now)) continue;
    for (auto& [id, record] : state.cases) {
      if (!may_be_ignored(record) || !covers(state, pm, record)) continue;
      CaseEdit edit(id, record, now);
      edit.set_state("ignored", "monitor");
      edit.add_log(fmt::format("entered into existing active PM event id {}", pm_id));
      edit.commit(notifications);
      auto& ids = std::get<std::vector<std::int64_t>>(pm.value("event_ids"));
      if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
    }
  }
}

void reopen(State& state, const Record& pm, Timestamp now, std::vector<Notification>& notifications) {
  for (const CaseId id : *pm.get<std::vector<std::int64_t>>("event_ids")) {
    const auto found = state.cases.find(id);
    if (found == state.cases.end() || found->second.text("state") == "closed") continue;
    CaseEdit edit(id, found->second, now);
    edit.set_state("open", "monitor");
    edit.commit(notifications);
  }
}

}  // namespace

void run_maintenances(State& state, Timestamp now, std::vector<Notification>& notifications) {
  for (auto& [id, pm] : state.maintenances) {
    if (starts(state, pm, now)) Start(state, pm, now, notifications).run();
  }
  ignore_covered(state, now, notifications);
  for (const auto& [id, pm] : state.maintenances) {
    if (ends(state, pm, now)) reopen(state, pm, now, notifications);
  }
  std::erase_if(state.maintenances, [now](const auto& pm) { return old(pm.second, now); });
  state.last_maintenance_run = now;
}

bool maintenance_turns(const State& state, Timestamp from, Timestamp to) {
  return std::ranges::any_of(state.maintenances, [&](const auto& entry) {
    const auto within = [&](Timestamp at) { return from < at && at <= to; };
    return within(start_of(entry.second)) || within(end_of(entry.second));
  });
}

bool maintenance_run_due(const State& state, Timestamp now) {
  return std::ranges::any_of(state.maintenances, [&](const auto& entry) {
    const Record& pm = entry.second;
    if (starts(state, pm, now) || ends(state, pm, now) || old(pm, now)) return true;
    return active(pm, now) && std::ranges::any_of(state.cases, [&](const auto& subject) {
             return may_be_ignored(subject.second) && covers(state, pm, subject.second);
           });
  });
}

}  // namespace uncork::zino
