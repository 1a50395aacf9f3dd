#pragma once
// The fields of a row, to walk over.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "record/row.hpp"

namespace uncork::record {

enum class FieldType : std::uint8_t {
  u32,
  u64,
  i64,
  text,
  address,  ///< 4 or 16 bytes
  tail,     ///< bytes
  flag,
  congestion_algorithm,  ///< this and the next two: enums of the .proto
  row_kind,
  close_reason,
};

enum class FieldHabit : std::uint8_t {
  plain,
  counter,  ///< only grows, as long as it counts the same thing
  clock,    ///< changes though nothing happens: a time, an age, a running number
};

/// What a field is; where it lies in a Row is its own affair.
struct Field {
  std::string_view name;       ///< as in the .proto: tcp_info_bytes_acked
  std::string_view json_name;  ///< as protojson makes it of that: tcpInfoBytesAcked
  std::uint32_t number;
  FieldType type;
  FieldHabit habit;
  Block block;
  std::string_view unit;    ///< empty where it counts nothing
  std::string_view source;  ///< where its value comes from
  std::size_t offset;       ///< in a Row, in bytes
};

/// All of them, in the order of their numbers.
[[nodiscard]] std::span<const Field> fields();

/// By either name.
[[nodiscard]] const Field* find_field(std::string_view name);

/// A value of a row: numbers, enums (as their numbers), texts and bytes (as views into the row or its Texts).
using Value = std::variant<std::monostate, std::uint64_t, std::int64_t, bool, std::string_view>;

/// Of that field; monostate if it is not known. The view of an address or a tail lives as long as `row`.
[[nodiscard]] Value value_of(const Row& row, const Field& field);

/// The same for one that is a number or a flag, without a detour: nothing if unknown, or if it is a text or bytes.
[[nodiscard]] std::optional<std::uint64_t> number_of(const Row& row, const Field& field);

/// Whether the value is known: its block is, and a text is not empty.
[[nodiscard]] bool knows(const Row& row, const Field& field);

/// The name of an enum's value as in the .proto (CLOSE_REASON_FIN); empty for a number that it does not have.
[[nodiscard]] std::string_view enumerator(FieldType type, std::uint64_t value);

/// The name of a block as in blocks.inc, and what it stands for.
[[nodiscard]] std::string_view name_of(Block block);
[[nodiscard]] std::string_view meaning_of(Block block);

}  // namespace uncork::record
