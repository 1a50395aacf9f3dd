#pragma once
// One case or planned maintenance: the values of a table of fields, read from the state file, written back, and shown on the
// wire. What the file has beyond the table is kept and written back.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.hpp"
#include "zino/state/iso_time.hpp"
#include "zino/state/kept_json.hpp"

namespace uncork::zino {

/// One entry of a log or a history.
struct LogEntry {
  Timestamp at;
  std::string message;
  KeptJson unknown = {};  ///< further keys of the file

  bool operator==(const LogEntry&) const = default;
};

using Value = std::variant<std::monostate, std::int64_t, std::string, Timestamp, Duration, std::vector<LogEntry>,
                           std::vector<std::int64_t>>;

enum class FieldKind { integer, text, address, choice, timestamp, duration, log, ids };
enum class Presence {
  optional,   ///< null and absent are the same
  required,   ///< the file must have it
  defaulted,  ///< absent is its default, null is refused
};

/// A field under its three names; see the tables in fields.hpp.
struct Field {
  std::string_view name;   ///< in the state file and in notifications
  std::string_view wire;   ///< in GETATTRS
  std::string_view alias;  ///< also read from the state file; empty if there is none
  FieldKind kind;
  Presence presence = Presence::optional;
  std::span<const std::string_view> choices = {};
  std::string_view fallback = {};  ///< the default, as the file would have it
};

/// Where a value that was refused stands in the document, and why.
struct BadValue {
  std::vector<std::string> path;
  std::string why;
};

class Record {
 public:
  /// A record with every field at its default; times default to `now`.
  Record(std::span<const Field> fields, Timestamp now);

  /// Reads `json`, of which each value is checked; `path` is where it stands. `now` stands in for times the file leaves out.
  static std::expected<Record, BadValue> load(std::span<const Field> fields, const Json& json, std::vector<std::string> path,
                                              Timestamp now);
  /// As Zino 2 writes it: declaration order, nulls left out; then the keys that the table does not know.
  [[nodiscard]] Json dump() const;
  /// The same as a document of its own, indented by 2.
  [[nodiscard]] std::string dump_text() const;

  [[nodiscard]] std::span<const Field> fields() const { return fields_; }
  /// The position of a field that the table must have.
  [[nodiscard]] std::size_t index(std::string_view name) const;
  [[nodiscard]] const Value& at(std::size_t index) const { return values_[index]; }
  [[nodiscard]] const Value& operator[](std::string_view name) const { return values_[index(name)]; }
  /// Null, and false, if the table has no such field.
  [[nodiscard]] bool has(std::string_view name) const;
  Value& value(std::string_view name) { return values_[index(name)]; }

  /// The value of the field as a T; null if it is not set.
  template <typename T>
  [[nodiscard]] const T* get(std::string_view name) const {
    return std::get_if<T>(&(*this)[name]);
  }
  [[nodiscard]] std::string_view text(std::string_view name) const {
    const auto* value = get<std::string>(name);
    return value == nullptr ? std::string_view() : *value;
  }

  bool operator==(const Record& other) const { return values_ == other.values_ && unknown_ == other.unknown_; }

 private:
  std::span<const Field> fields_;
  std::vector<Value> values_;
  KeptJson unknown_;
};

/// What GETATTRS shows of a value on one line; nothing for null, logs and lists.
[[nodiscard]] std::optional<std::string> wire_text(const Value& value);

/// The entries of a log as lines of a reply, CR LF after each: `<unix time> <first line>`, further lines after a space.
void append_log_lines(const std::vector<LogEntry>& log, std::string& reply);

/// An address in Python's canonical text; nothing if it is none.
[[nodiscard]] std::optional<std::string> canonical_address(std::string_view text);

}  // namespace uncork::zino
