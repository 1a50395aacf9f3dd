#include <charconv>

#include "record/escape.hpp"
#include "record/format.hpp"

namespace uncork::record {

namespace {

template <class T>
void put_number(Buffer& to, T value) {
  char* const at = to.room(24);
  to.end_at(std::to_chars(at, at + 24, value).ptr);
}

/// proto3 leaves out what is 0, false or empty.
bool is_default(const Value& value) {
  if (const auto* const number = std::get_if<std::uint64_t>(&value)) return *number == 0;
  if (const auto* const number = std::get_if<std::int64_t>(&value)) return *number == 0;
  if (const auto* const flag = std::get_if<bool>(&value)) return !*flag;
  if (const auto* const text = std::get_if<std::string_view>(&value)) return text->empty();
  return true;
}

class ProtoJsonFormat final : public Format {
 public:
  void begin(Buffer& to) override { to.put("{\"row\":["); }

  void row(const Row& row, std::size_t index, const Delta* /*delta*/, Buffer& to) override {
    to.put(index == 0 ? "{" : ",{");
    bool first = true;
    for (const Field& field : fields()) {
      const Value value = value_of(row, field);
      if (is_default(value)) continue;
      to.put(first ? "\"" : ",\"");
      first = false;
      to.put(field.json_name);
      to.put("\":");
      put_value(field, value, to);
    }
    to.put('}');
  }

  void end(Buffer& to) override { to.put("]}\n"); }
  [[nodiscard]] std::size_t end_bytes() const override { return 3; }

 private:
  static void put_value(const Field& field, const Value& value, Buffer& to) {
    if (const auto* const text = std::get_if<std::string_view>(&value)) {
      if (field.type == FieldType::text) return put_json_string(to, *text);
      to.put('"');
      put_base64(to, *text);
      to.put('"');
    } else if (std::holds_alternative<bool>(value)) {
      to.put("true");
    } else if (const auto* const time = std::get_if<std::int64_t>(&value)) {
      to.put('"');
      put_number(to, *time);
      to.put('"');
    } else {
      put_unsigned(field, std::get<std::uint64_t>(value), to);
    }
  }

  /// 64 bits are texts, since JavaScript's numbers have 53; enums are names.
  static void put_unsigned(const Field& field, std::uint64_t value, Buffer& to) {
    const std::string_view name = enumerator(field.type, value);
    const bool quoted = field.type == FieldType::u64 || !name.empty();
    if (quoted) to.put('"');
    if (name.empty()) put_number(to, value);
    to.put(name);
    if (quoted) to.put('"');
  }
};

/// The same fields, as TextFormat prints an Envelope.
class ProtoTextFormat final : public Format {
 public:
  void row(const Row& row, std::size_t /*index*/, const Delta* /*delta*/, Buffer& to) override {
    to.put("row {\n");
    for (const Field& field : fields()) {
      const Value value = value_of(row, field);
      if (is_default(value)) continue;
      to.put("  ");
      to.put(field.name);
      to.put(": ");
      if (const auto* const text = std::get_if<std::string_view>(&value))
        put_c_string(to, *text);
      else if (std::holds_alternative<bool>(value))
        to.put("true");
      else if (const auto* const time = std::get_if<std::int64_t>(&value))
        put_number(to, *time);
      else
        put_unsigned(field, std::get<std::uint64_t>(value), to);
      to.put('\n');
    }
    to.put("}\n");
  }

 private:
  static void put_unsigned(const Field& field, std::uint64_t value, Buffer& to) {
    const std::string_view name = enumerator(field.type, value);
    if (name.empty()) return put_number(to, value);
    to.put(name);
  }
};

}  // namespace

std::unique_ptr<Format> proto_json_format() { return std::make_unique<ProtoJsonFormat>(); }
std::unique_ptr<Format> proto_text_format() { return std::make_unique<ProtoTextFormat>(); }

}  // namespace uncork::record
