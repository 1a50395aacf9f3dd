#pragma once
// The columns of the formats whose columns can be chosen: fields, and what deltas add to them.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "record/format.hpp"

namespace uncork::record {

/// A cell: nothing (unknown), a number, a rate, a flag, a text, or bytes.
struct Bytes {
  std::string_view view;
};
using Cell = std::variant<std::monostate, std::uint64_t, std::int64_t, double, bool, std::string, std::string_view, Bytes>;

/// What a column shows.
struct Column {
  enum class Kind : std::uint8_t { value, interval, increment, rate };
  Kind kind = Kind::value;
  std::string name;              ///< tcpInfoBytesAcked, tcpInfoBytesAckedDelta, tcpInfoBytesAckedPerSecond, intervalNs
  const Field* field = nullptr;  ///< none for the interval
  std::size_t counter = 0;       ///< of increments and rates: index in counters()
};

/// The fields that the options choose, or all; with deltas, then the interval, and the increment and rate of each counter.
[[nodiscard]] std::vector<Column> columns_of(const FormatOptions& options);

/// Whether addresses are shown as texts.
enum class Addresses : std::uint8_t { text, bytes };

/// The cell of a row. Its views live as long as the row.
[[nodiscard]] Cell cell_of(const Row& row, const Delta* delta, const Column& column, bool human, Addresses addresses);

}  // namespace uncork::record
