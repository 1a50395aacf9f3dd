#include "record/catalogue.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <unordered_map>

namespace uncork::record {

namespace {

/// snake_case as protojson spells it: no underscores, and what follows one in upper case.
template <std::size_t kSize>
consteval std::array<char, kSize> camel_case(const char (&name)[kSize]) {
  std::array<char, kSize> camel{};
  std::size_t size = 0;
  bool upper = false;
  for (const char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    camel[size++] = upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return camel;
}

namespace camel {
#define FIELD(name, number, type, block, unit, source) constexpr auto k_##name = camel_case(#name);
#define ELEMENT(member, index, name, number, type, block, unit, source) constexpr auto k_##name = camel_case(#name);
#include "record/fields.inc"
}  // namespace camel

template <class T>
consteval FieldType field_type() {
  if constexpr (std::is_same_v<T, types::u32>)
    return FieldType::u32;
  else if constexpr (std::is_same_v<T, types::i64>)
    return FieldType::i64;
  else if constexpr (std::is_same_v<T, types::text>)
    return FieldType::text;
  else if constexpr (std::is_same_v<T, types::address>)
    return FieldType::address;
  else if constexpr (std::is_same_v<T, types::tail>)
    return FieldType::tail;
  else if constexpr (std::is_same_v<T, types::flag>)
    return FieldType::flag;
  else if constexpr (std::is_same_v<T, types::congestion_algorithm>)
    return FieldType::congestion_algorithm;
  else if constexpr (std::is_same_v<T, types::row_kind>)
    return FieldType::row_kind;
  else if constexpr (std::is_same_v<T, types::close_reason>)
    return FieldType::close_reason;
  else
    return FieldType::u64;  // and a set of blocks
}

constexpr Field kFields[] = {
#define ENTRY(habit, name, number, type, block, unit, source, offset) \
  {#name, camel::k_##name.data(), number, field_type<types::type>(), FieldHabit::habit, Block::block, unit, source, offset},
#define FIELD(name, number, type, block, unit, source) ENTRY(plain, name, number, type, block, unit, source, offsetof(Row, name))
#define COUNTER(name, number, type, block, unit, source) \
  ENTRY(counter, name, number, type, block, unit, source, offsetof(Row, name))
#define CLOCK(name, number, type, block, unit, source) ENTRY(clock, name, number, type, block, unit, source, offsetof(Row, name))
#define ELEMENT(member, index, name, number, type, block, unit, source) \
  ENTRY(counter, name, number, type, block, unit, source, offsetof(Row, member) + 8 * (index))
#include "record/fields.inc"
#undef ENTRY
};

struct BlockEntry {
  std::string_view name;
  std::string_view what;
};
constexpr BlockEntry kBlockEntries[] = {
#define BLOCK(name, what) {#name, what},
#include "record/blocks.inc"
};

template <class T>
T load(const Row& row, const Field& field) {
  T value;
  std::memcpy(&value, reinterpret_cast<const char*>(&row) + field.offset, sizeof value);
  return value;
}

std::string_view bytes_at(const Row& row, const Field& field, std::size_t size) {
  return {reinterpret_cast<const char*>(&row) + field.offset, size};
}

}  // namespace

std::span<const Field> fields() { return kFields; }

const Field* find_field(std::string_view name) {
  static const auto kByName = [] {
    std::unordered_map<std::string_view, const Field*> by_name;
    for (const Field& field : kFields) {
      by_name.emplace(field.name, &field);
      by_name.emplace(field.json_name, &field);
    }
    return by_name;
  }();
  const auto found = kByName.find(name);
  return found == kByName.end() ? nullptr : found->second;
}

Value value_of(const Row& row, const Field& field) {
  if (!row.knows(field.block)) return {};
  switch (field.type) {
    case FieldType::u64:
      return load<std::uint64_t>(row, field);
    case FieldType::i64:
      return load<std::int64_t>(row, field);
    case FieldType::flag:
      return load<bool>(row, field);
    case FieldType::text: {
      const auto text = load<Text>(row, field).view();
      return text.empty() ? Value{} : Value{text};
    }
    case FieldType::address: {
      const std::size_t size = row.address_size();
      return size == 0 ? Value{} : Value{bytes_at(row, field, size)};
    }
    case FieldType::tail: {
      const std::size_t size = load<std::uint8_t>(row, field);
      return bytes_at(row, field, 1 + size).substr(1);
    }
    case FieldType::u32:
    case FieldType::congestion_algorithm:
    case FieldType::row_kind:
    case FieldType::close_reason:
      return std::uint64_t{load<std::uint32_t>(row, field)};
  }
  return {};
}

std::optional<std::uint64_t> number_of(const Row& row, const Field& field) {
  if (!row.knows(field.block)) return std::nullopt;
  switch (field.type) {
    case FieldType::u64:
    case FieldType::i64:
      return load<std::uint64_t>(row, field);
    case FieldType::flag:
      return load<bool>(row, field) ? 1 : 0;
    case FieldType::text:
    case FieldType::address:
    case FieldType::tail:
      return std::nullopt;
    default:
      return load<std::uint32_t>(row, field);
  }
}

bool knows(const Row& row, const Field& field) { return !std::holds_alternative<std::monostate>(value_of(row, field)); }

std::string_view enumerator(FieldType type, std::uint64_t value) {
  static constexpr std::array<std::string_view, 8> kAlgorithms = {
      "CONGESTION_ALGORITHM_UNSPECIFIED", "CONGESTION_ALGORITHM_CUBIC",  "CONGESTION_ALGORITHM_DCTCP",
      "CONGESTION_ALGORITHM_VEGAS",       "CONGESTION_ALGORITHM_PRAGUE", "CONGESTION_ALGORITHM_BBR1",
      "CONGESTION_ALGORITHM_BBR2",        "CONGESTION_ALGORITHM_BBR3"};
  static constexpr std::array<std::string_view, 3> kKinds = {"ROW_KIND_SOCKET", "ROW_KIND_CLOSED", "ROW_KIND_NEVER_CONNECTED"};
  static constexpr std::array<std::string_view, 8> kReasons = {
      "CLOSE_REASON_UNKNOWN", "CLOSE_REASON_FIN",     "CLOSE_REASON_RESET_RECEIVED",  "CLOSE_REASON_RESET_SENT",
      "CLOSE_REASON_TIMEOUT", "CLOSE_REASON_REFUSED", "CLOSE_REASON_ACCEPT_OVERFLOW", "CLOSE_REASON_ABORTED"};
  std::span<const std::string_view> names;
  if (type == FieldType::congestion_algorithm) names = kAlgorithms;
  if (type == FieldType::row_kind) names = kKinds;
  if (type == FieldType::close_reason) names = kReasons;
  return value < names.size() ? names[value] : std::string_view{};
}

std::string_view name_of(Block block) { return kBlockEntries[static_cast<std::size_t>(block)].name; }
std::string_view meaning_of(Block block) { return kBlockEntries[static_cast<std::size_t>(block)].what; }

}  // namespace uncork::record
