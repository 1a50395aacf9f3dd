#include "zino/state/record.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

using Loaded = std::expected<Value, std::string>;

std::unexpected<std::string> expected(std::string_view what) { return std::unexpected(fmt::format("expected {}", what)); }

Loaded load_integer(const Json& json) {
  constexpr double kExact = 9007199254740992.0;
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) return expected("an integer of 64 bits");
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_boolean()) return static_cast<std::int64_t>(json.get<bool>());  // Python's bool is an int
  if (json.is_number_float()) {
    const double value = json.get<double>();
    if (value == std::floor(value) && std::abs(value) <= kExact) return static_cast<std::int64_t>(value);
  }
  if (json.is_string()) {
    if (const auto digits = python_int(json.get_ref<const std::string&>())) {
      if (const auto value = to_int64(*digits)) return *value;
    }
  }
  return expected("an integer");
}

template <typename T>
Loaded found_or(const std::optional<T>& value, std::string_view what) {
  if (!value) return expected(what);
  return Value(*value);
}

Loaded load_scalar(const Field& field, const Json& json) {
  const auto* text = json.get_ptr<const std::string*>();
  switch (field.kind) {
    case FieldKind::integer:
      return load_integer(json);
    case FieldKind::text:
      if (text != nullptr) return *text;
      return expected("a string");
    case FieldKind::address:
      return found_or(text != nullptr ? canonical_address(*text) : std::nullopt, "an IP address");
    case FieldKind::choice:
      if (text != nullptr && std::ranges::find(field.choices, *text) != field.choices.end()) return *text;
      return std::unexpected(fmt::format("expected one of {}", fmt::join(field.choices, ", ")));
    case FieldKind::timestamp:
      return found_or(text != nullptr    ? parse_timestamp(*text)
                      : json.is_number() ? timestamp_from_number(json.get<double>())
                                         : std::nullopt,
                      "a time in ISO 8601");
    case FieldKind::duration:
      return found_or(text != nullptr    ? parse_duration(*text)
                      : json.is_number() ? duration_from_number(json.get<double>())
                                         : std::nullopt,
                      "a duration in ISO 8601");
    default:
      return expected("a value");
  }
}

std::expected<LogEntry, BadValue> load_entry(const Json& json, std::vector<std::string> path, Timestamp now) {
  if (!json.is_object()) return std::unexpected(BadValue{std::move(path), "expected an object"});
  LogEntry entry{now, {}};
  bool has_message = false;
  for (const auto& [key, value] : json.items()) {
    if (key == "timestamp") {
      const auto at = load_scalar({.name = {}, .wire = {}, .alias = {}, .kind = FieldKind::timestamp}, value);
      path.push_back(key);
      if (!at) return std::unexpected(BadValue{std::move(path), at.error()});
      path.pop_back();
      entry.at = std::get<Timestamp>(*at);
    } else if (key == "message") {
      path.push_back(key);
      if (!value.is_string()) return std::unexpected(BadValue{std::move(path), "expected a string"});
      path.pop_back();
      entry.message = value.get<std::string>();
      has_message = true;
    } else {
      entry.unknown.edit()[key] = value;
    }
  }
  if (!has_message) return std::unexpected(BadValue{std::move(path), "no message"});
  return entry;
}

std::expected<Value, BadValue> load_list(const Field& field, const Json& json, std::vector<std::string> path, Timestamp now) {
  if (!json.is_array()) return std::unexpected(BadValue{std::move(path), "expected an array"});
  std::vector<LogEntry> log;
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < json.size(); ++i) {
    path.push_back(std::to_string(i));
    if (field.kind == FieldKind::log) {
      auto entry = load_entry(json[i], path, now);
      if (!entry) return std::unexpected(entry.error());
      log.push_back(std::move(*entry));
    } else {
      const auto id = load_integer(json[i]);
      if (!id) return std::unexpected(BadValue{std::move(path), id.error()});
      ids.push_back(std::get<std::int64_t>(*id));
    }
    path.pop_back();
  }
  if (field.kind == FieldKind::log) return Value(std::move(log));
  return Value(std::move(ids));
}

Value default_of(const Field& field, Timestamp now) {
  if (field.kind == FieldKind::log) return std::vector<LogEntry>();
  if (field.kind == FieldKind::ids) return std::vector<std::int64_t>();
  if (field.kind == FieldKind::timestamp && field.presence == Presence::defaulted) return now;
  if (field.kind == FieldKind::text && field.presence == Presence::optional && field.fallback.data() != nullptr) {
    return std::string(field.fallback);
  }
  if (field.fallback.empty()) return {};
  if (field.kind == FieldKind::integer) return to_int64(field.fallback).value_or(0);
  return std::string(field.fallback);
}

struct Dump {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(std::int64_t value) const { return value; }
  Json operator()(const std::string& value) const { return value; }
  Json operator()(Timestamp value) const { return to_iso(value); }
  Json operator()(Duration value) const { return to_iso(value); }
  Json operator()(const std::vector<std::int64_t>& value) const { return value; }
  Json operator()(const std::vector<LogEntry>& log) const {
    Json list = Json::array();
    for (const LogEntry& entry : log) {
      Json& json = list.emplace_back(Json::object());
      json["timestamp"] = to_iso(entry.at);
      json["message"] = entry.message;
      for (const auto& [key, value] : entry.unknown.get().items()) json[key] = value;
    }
    return list;
  }
};

struct WireText {
  std::optional<std::string> operator()(std::int64_t value) const { return std::to_string(value); }
  std::optional<std::string> operator()(const std::string& value) const { return one_line(value); }
  std::optional<std::string> operator()(Timestamp value) const { return std::to_string(unix_seconds(value)); }
  std::optional<std::string> operator()(Duration value) const { return std::to_string(whole_seconds(value)); }
  template <typename Other>
  std::optional<std::string> operator()(const Other&) const {
    return std::nullopt;
  }
};

}  // namespace

Record::Record(std::span<const Field> fields, Timestamp now) : fields_(fields) {
  values_.reserve(fields.size());
  for (const Field& field : fields) values_.push_back(default_of(field, now));
}

std::expected<Record, BadValue> Record::load(std::span<const Field> fields, const Json& json, std::vector<std::string> path,
                                             Timestamp now) {
  if (!json.is_object()) return std::unexpected(BadValue{std::move(path), "expected an object"});
  Record record(fields, now);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    auto found = field.alias.empty() ? json.end() : json.find(std::string(field.alias));
    const bool by_alias = found != json.end();
    if (!by_alias) found = json.find(std::string(field.name));
    if (found == json.end()) {
      if (field.presence == Presence::required)
        return std::unexpected(BadValue{std::move(path), fmt::format("no {}", field.name)});
      continue;
    }
    path.emplace_back(by_alias ? field.alias : field.name);
    if (found->is_null()) {
      if (field.presence != Presence::optional) return std::unexpected(BadValue{std::move(path), "null is not accepted"});
      record.values_[i] = std::monostate();
    } else if (field.kind == FieldKind::log || field.kind == FieldKind::ids) {
      auto list = load_list(field, *found, path, now);
      if (!list) return std::unexpected(list.error());
      record.values_[i] = std::move(*list);
    } else {
      auto value = load_scalar(field, *found);
      if (!value) return std::unexpected(BadValue{std::move(path), value.error()});
      record.values_[i] = std::move(*value);
    }
    path.pop_back();
  }
  Json unknown = Json::object();
  for (const auto& [key, value] : json.items()) {
    const auto knows = [&name = key](const Field& field) {
      return field.name == name || (!field.alias.empty() && field.alias == name);
    };
    if (std::ranges::none_of(fields, knows)) unknown[key] = value;
  }
  record.unknown_ = KeptJson(std::move(unknown));
  return record;
}

std::string Record::dump_text() const { return dump().dump(2); }

Json Record::dump() const {
  Json json = Json::object();
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (!std::holds_alternative<std::monostate>(values_[i])) json[std::string(fields_[i].name)] = std::visit(Dump(), values_[i]);
  }
  for (const auto& [key, value] : unknown_.get().items()) json[key] = value;
  return json;
}

bool Record::has(std::string_view name) const { return std::ranges::find(fields_, name, &Field::name) != fields_.end(); }

std::size_t Record::index(std::string_view name) const {
  const auto found = std::ranges::find(fields_, name, &Field::name);
  UNCORK_ASSERT(found != fields_.end());
  return static_cast<std::size_t>(found - fields_.begin());
}

std::optional<std::string> wire_text(const Value& value) { return std::visit(WireText(), value); }

void append_log_lines(const std::vector<LogEntry>& log, std::string& reply) {
  for (const LogEntry& entry : log) {
    auto lines = split_lines(entry.message);
    if (lines.empty()) lines.emplace_back();  // an empty message is answered too; Zino 2 breaks off there
    fmt::format_to(std::back_inserter(reply), "{}", unix_seconds(entry.at));
    for (const std::string_view line : lines) {
      reply += ' ';
      reply += line;
      reply += "\r\n";
    }
  }
}

std::optional<std::string> canonical_address(std::string_view text) {
  const std::size_t percent = text.find('%');
  std::string address(text.substr(0, percent));
  std::array<unsigned char, 16> bytes{};
  if (address.find('\0') != std::string::npos) return std::nullopt;
  if (percent == std::string_view::npos && ::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return address;
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return std::nullopt;
  if (percent != std::string_view::npos &&
      (percent + 1 == text.size() || text.find('%', percent + 1) != std::string_view::npos)) {
    return std::nullopt;
  }
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = static_cast<unsigned>(bytes[2 * i]) << 8 | bytes[2 * i + 1];
  std::size_t gap = 8;
  std::size_t gap_length = 1;  // a single zero is not shortened
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t length = 0;
    while (i + length < 8 && groups[i + length] == 0) ++length;
    if (length > gap_length) {
      gap = i;
      gap_length = length;
    }
  }
  std::string canonical;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      canonical += "::";
      i += gap_length - 1;
      continue;
    }
    if (!canonical.empty() && !canonical.ends_with(':')) canonical += ':';
    fmt::format_to(std::back_inserter(canonical), "{:x}", groups[i]);
  }
  if (percent != std::string_view::npos) canonical += text.substr(percent);
  return canonical;
}

}  // namespace uncork::zino
