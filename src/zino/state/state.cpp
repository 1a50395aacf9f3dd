#include "zino/state/state.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

#include "zino/protocol/text.hpp"
#include "zino/state/fields.hpp"
#include "zino/state/json_position.hpp"

namespace uncork::zino {
namespace {

using Path = std::vector<std::string>;

constexpr int kDeepest = 64;  // levels of nesting; Zino 2 has 8

struct TooDeep {};

std::unexpected<BadValue> bad(Path path, std::string why) { return std::unexpected(BadValue{std::move(path), std::move(why)}); }

/// Takes the member `key` out of `object`; null if it is not there.
Json take(Json& object, const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end()) return nullptr;
  Json value = std::move(*found);
  object.erase(found);
  return value;
}

std::expected<std::int64_t, BadValue> take_integer(Json& object, const std::string& key, Path path) {
  const Json value = take(object, key);
  if (value.is_null()) return 0;
  if (!value.is_number_integer()) {
    path.push_back(key);
    return bad(std::move(path), "expected an integer");
  }
  return value.get<std::int64_t>();
}

/// The object `document[key]`; an empty one if it is not there.
std::expected<Json*, BadValue> section(Json& document, const std::string& key) {
  const auto found = document.find(key);
  if (found == document.end()) {
    document[key] = Json::object();
    return &document[key];
  }
  if (!found->is_object()) return bad({key}, "expected an object");
  return &*found;
}

std::expected<CaseId, BadValue> key_number(const std::string& key, const Path& path) {
  if (const auto digits = python_int(key)) {
    if (const auto id = to_int64(*digits)) return *id;
  }
  return bad(path, "the key is not an integer");
}

std::expected<Record, BadValue> load_case(const Json& json, const Path& path, Timestamp now) {
  std::string type = "portstate";  // what Zino 2 makes of a case without a type
  if (json.is_object() && json.contains("type")) {
    const Json& value = json["type"];
    type = value.is_string() ? value.get<std::string>() : std::string();
    if (case_fields(type).empty()) {
      Path at = path;
      at.emplace_back("type");
      return bad(std::move(at), fmt::format("expected one of {}", fmt::join(case_types(), ", ")));
    }
  }
  return Record::load(case_fields(type), json, path, now);
}

std::expected<void, BadValue> load_cases(State& state, Timestamp now) {
  const auto events = section(state.document.edit(), "events");
  if (!events) return std::unexpected(events.error());
  const Json cases = take(**events, "events");
  if (!cases.is_null() && !cases.is_object()) return bad({"events", "events"}, "expected an object");
  for (const auto& [key, json] : cases.items()) {
    const Path path = {"events", "events", key};
    const auto id = key_number(key, path);
    if (!id) return std::unexpected(id.error());
    auto record = load_case(json, path, now);
    if (!record) return std::unexpected(record.error());
    state.cases.insert_or_assign(*id, std::move(*record));
  }
  const auto last = take_integer(**events, "last_event_id", {"events"});
  if (!last) return std::unexpected(last.error());
  state.last_case_id = *last;
  return {};
}

std::expected<void, BadValue> load_maintenances(State& state, Timestamp now) {
  const std::string name = "planned_maintenances";
  const auto part = section(state.document.edit(), name);
  if (!part) return std::unexpected(part.error());
  const Json list = take(**part, name);
  if (!list.is_null() && !list.is_object()) return bad({name, name}, "expected an object");
  for (const auto& [key, json] : list.items()) {
    const Path path = {name, name, key};
    const auto id = key_number(key, path);
    if (!id) return std::unexpected(id.error());
    auto record = Record::load(maintenance_fields(), json, path, now);
    if (!record) return std::unexpected(record.error());
    if (state.find_maintenance(*id) != nullptr) return bad(path, "the same id twice");
    state.maintenances.emplace_back(*id, std::move(*record));
  }
  const auto last = take_integer(**part, "last_pm_id", {name});
  if (!last) return std::unexpected(last.error());
  state.last_maintenance_id = *last;
  const Json run = take(**part, "last_run");
  if (!run.is_null()) {
    const auto at = run.is_string() ? parse_timestamp(run.get<std::string>()) : std::nullopt;
    if (!at) return bad({name, "last_run"}, "expected a time in ISO 8601");
    state.last_maintenance_run = *at;
  }
  return {};
}

/// What we use of the devices must have the right shape; the rest stays as it is.
std::expected<void, BadValue> check_devices(const Json& document) {
  const auto part = document.find("devices");
  if (part == document.end()) return {};
  if (!part->is_object()) return bad({"devices"}, "expected an object");
  const auto devices = part->find("devices");
  if (devices == part->end()) return {};
  if (!devices->is_object()) return bad({"devices", "devices"}, "expected an object");
  for (const auto& [name, device] : devices->items()) {
    const Path path = {"devices", "devices", name};
    if (!device.is_object()) return bad(path, "expected an object");
    const auto ports = device.find("ports");
    if (ports == device.end()) continue;
    if (!ports->is_object()) return bad({"devices", "devices", name, "ports"}, "expected an object");
    for (const auto& [key, port] : ports->items()) {
      const Path at = {"devices", "devices", name, "ports", key};
      if (!port.is_object()) return bad(at, "expected an object");
      for (const char* text : {"ifdescr", "ifalias", "state"}) {
        const auto value = port.find(text);
        if (value == port.end() || value->is_null() || value->is_string()) continue;
        return bad({"devices", "devices", name, "ports", key, text}, "expected a string");
      }
    }
  }
  return {};
}

core::Error described(std::string_view text, const BadValue& value) {
  const std::string where = value.path.empty() ? std::string("the document") : fmt::format("{}", fmt::join(value.path, "."));
  return core::invalid_argument(fmt::format("line {}: {}: {}", line_of(text, value.path), where, value.why));
}

/// nlohmann's own message begins with its name for the error and ends with the reason.
std::string reason_of(const Json::parse_error& error) {
  const std::string_view what = error.what();
  const std::size_t end = what.find(": ");
  return std::string(end == std::string_view::npos ? what : what.substr(end + 2));
}

}  // namespace

Record* State::find_maintenance(CaseId id) {
  const auto found = std::ranges::find(maintenances, id, &std::pair<CaseId, Record>::first);
  return found == maintenances.end() ? nullptr : &found->second;
}
const Record* State::find_maintenance(CaseId id) const {
  const auto found = std::ranges::find(maintenances, id, &std::pair<CaseId, Record>::first);
  return found == maintenances.end() ? nullptr : &found->second;
}

const Json& State::devices() const {
  static const Json kNone = Json::object();
  const Json& kept = document.get();
  const auto part = kept.find("devices");
  if (part == kept.end()) return kNone;
  const auto devices = part->find("devices");
  return devices == part->end() ? kNone : *devices;
}

const Json* State::find_port(std::string_view router, std::int64_t ifindex) const {
  const auto device = devices().find(std::string(router));
  if (device == devices().end()) return nullptr;
  const auto ports = device->find("ports");
  if (ports == device->end()) return nullptr;
  const auto port = ports->find(std::to_string(ifindex));
  return port == ports->end() ? nullptr : &*port;
}

core::Result<State> parse_state(std::string_view text, Timestamp now) {
  Json document;
  try {
    const auto bounded = [](int depth, Json::parse_event_t event, const Json& /*value*/) {
      if (depth > kDeepest && event != Json::parse_event_t::value) throw TooDeep();
      return true;
    };
    document = Json::parse(text, bounded);
  } catch (const Json::parse_error& error) {
    const std::size_t line = line_at(text, error.byte == 0 ? 0 : error.byte - 1);
    return core::fail(core::invalid_argument(fmt::format("line {}: {}", line, reason_of(error))));
  } catch (const Json::exception& error) {
    return core::fail(core::invalid_argument(fmt::format("line 1: {}", error.what())));
  } catch (const TooDeep&) {
    return core::fail(core::invalid_argument(fmt::format("line 1: nested deeper than {} levels", kDeepest)));
  }
  if (!document.is_object()) return core::fail(described(text, {{}, "expected an object"}));
  if (const auto checked = check_devices(document); !checked) return core::fail(described(text, checked.error()));
  State state;
  state.document = KeptJson(std::move(document));
  if (const auto loaded = load_cases(state, now); !loaded) return core::fail(described(text, loaded.error()));
  if (const auto loaded = load_maintenances(state, now); !loaded) return core::fail(described(text, loaded.error()));
  return state;
}

std::string dump_state(const State& state) {
  const Json& kept = state.document.get();
  Json document = Json::object();
  for (const char* key : {"devices", "events", "addresses", "planned_maintenances", "flapping"}) {
    const auto found = kept.find(key);
    document[key] = found == kept.end() ? Json::object() : *found;
  }
  for (const auto& [key, value] : kept.items()) {
    if (!document.contains(key)) document[key] = value;
  }
  Json events = Json::object();
  events["events"] = Json::object();
  for (const auto& [id, record] : state.cases) events["events"][std::to_string(id)] = record.dump();
  events["last_event_id"] = state.last_case_id;
  for (const auto& [key, value] : document["events"].items()) events[key] = value;
  document["events"] = std::move(events);

  Json part = Json::object();
  part["planned_maintenances"] = Json::object();
  for (const auto& [id, record] : state.maintenances) part["planned_maintenances"][std::to_string(id)] = record.dump();
  part["last_pm_id"] = state.last_maintenance_id;
  part["last_run"] = to_iso(state.last_maintenance_run);
  for (const auto& [key, value] : document["planned_maintenances"].items()) part[key] = value;
  document["planned_maintenances"] = std::move(part);
  return document.dump(2);
}

}  // namespace uncork::zino
