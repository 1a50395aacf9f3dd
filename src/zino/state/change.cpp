#include "zino/state/change.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

std::int64_t micros(Timestamp time) { return time.time_since_epoch().count(); }

/// Reads keys of a change; remembers the first that is missing or of the wrong kind.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  std::string text(const char* key) {
    const auto found = json_.find(key);
    if (found != json_.end() && found->is_string()) return found->get<std::string>();
    return wrong<std::string>(key);
  }
  std::optional<std::string> optional_text(const char* key) {
    if (json_.find(key) == json_.end()) return std::nullopt;
    return text(key);
  }
  std::int64_t integer(const char* key) {
    const auto found = json_.find(key);
    if (found != json_.end() && is_int64(*found)) return found->get<std::int64_t>();
    return wrong<std::int64_t>(key);
  }
  Timestamp time(const char* key) {
    const std::int64_t value = integer(key);
    constexpr std::int64_t kYear1 = -62'135'596'800'000'000;
    constexpr std::int64_t kYear9999 = 253'402'300'799'999'999;
    if (value < kYear1 || value > kYear9999) return wrong<Timestamp>(key);
    return Timestamp(std::chrono::microseconds(value));
  }
  std::vector<CaseId> ids(const char* key) {
    const auto found = json_.find(key);
    std::vector<CaseId> list;
    if (found == json_.end() || !found->is_array()) return wrong<std::vector<CaseId>>(key);
    for (const Json& id : *found) {
      if (!is_int64(id)) return wrong<std::vector<CaseId>>(key);
      list.push_back(id.get<std::int64_t>());
    }
    return list;
  }
  template <typename T>
  T wrong(const char* key) {
    if (wrong_.empty()) wrong_ = key;
    return {};
  }
  [[nodiscard]] const std::string& first_wrong() const { return wrong_; }

 private:
  static bool is_int64(const Json& json) {
    return json.is_number_integer() && !(json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX);
  }
  const Json& json_;
  std::string wrong_;
};

decltype(Change::what) read_what(Reader& read) {
  const std::string name = read.text("change");
  if (name == "set_state") return SetState{read.integer("id"), read.text("state")};
  if (name == "add_history") return AddHistory{read.integer("id"), read.text("message")};
  if (name == "clear_flap") return ClearFlap{read.text("router"), read.integer("ifindex")};
  if (name == "add_pm") {
    return AddMaintenance{
        read.time("from"),      read.time("to"), read.text("type"), read.text("match_type"), read.optional_text("device"),
        read.text("expression")};
  }
  if (name == "cancel_pm") return CancelMaintenance{read.integer("id")};
  if (name == "log_pm") return LogMaintenance{read.integer("id"), read.text("message")};
  if (name == "run_pm") return RunMaintenance{};
  if (name == "scavenge") return Scavenge{read.ids("ids")};
  if (name != "close_duplicates") read.wrong<int>("change");
  return CloseDuplicates{};
}

}  // namespace

std::string serialize(const Change& change) {
  Json json = Json::object();
  json["at"] = micros(change.at);
  json["user"] = change.user;
  const auto set = [&json](const char* key, auto&& value) { json[key] = value; };
  std::visit(Overloaded{
                 [&](const SetState& c) { set("change", "set_state"), set("id", c.id), set("state", c.state); },
                 [&](const AddHistory& c) { set("change", "add_history"), set("id", c.id), set("message", c.message); },
                 [&](const ClearFlap& c) { set("change", "clear_flap"), set("router", c.router), set("ifindex", c.ifindex); },
                 [&](const AddMaintenance& c) {
                   set("change", "add_pm"), set("from", micros(c.from)), set("to", micros(c.to)), set("type", c.type);
                   set("match_type", c.match_type);
                   if (c.device) set("device", *c.device);
                   set("expression", c.expression);
                 },
                 [&](const CancelMaintenance& c) { set("change", "cancel_pm"), set("id", c.id); },
                 [&](const LogMaintenance& c) { set("change", "log_pm"), set("id", c.id), set("message", c.message); },
                 [&](const RunMaintenance&) { set("change", "run_pm"); },
                 [&](const Scavenge& c) { set("change", "scavenge"), set("ids", c.ids); },
                 [&](const CloseDuplicates&) { set("change", "close_duplicates"); },
             },
             change.what);
  return json.dump();
}

core::Result<Change> parse_change(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return core::fail(core::invalid_argument("not a JSON object"));
  Reader read(json);
  Change change{read.time("at"), read.text("user"), read_what(read)};
  if (!read.first_wrong().empty()) {
    return core::fail(core::invalid_argument(fmt::format("'{}' is missing or of the wrong kind", read.first_wrong())));
  }
  return change;
}

}  // namespace uncork::zino
