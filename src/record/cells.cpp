#include "record/cells.hpp"

#include "record/human.hpp"

namespace uncork::record {

namespace {

Cell value_cell(const Row& row, const Field& field, bool human, Addresses addresses) {
  const Value value = value_of(row, field);
  if (std::holds_alternative<std::monostate>(value)) return {};
  if (human && reads_better(field)) return human_text(row, field);
  if (const auto* const text = std::get_if<std::string_view>(&value)) {
    if (field.type == FieldType::text) return *text;
    if (addresses == Addresses::bytes) return Bytes{*text};
    return human_text(row, field);
  }
  if (const auto* const number = std::get_if<std::uint64_t>(&value)) {
    const std::string_view name = enumerator(field.type, *number);
    return name.empty() ? Cell{*number} : Cell{name};
  }
  if (const auto* const time = std::get_if<std::int64_t>(&value)) return *time;
  return std::get<bool>(value);
}

}  // namespace

std::vector<Column> columns_of(const FormatOptions& options) {
  std::vector<const Field*> chosen = options.columns;
  if (chosen.empty()) {
    for (const Field& field : fields()) chosen.push_back(&field);
  }
  std::vector<Column> columns;
  for (const Field* field : chosen) columns.push_back({Column::Kind::value, std::string(field->json_name), field, 0});
  if (!options.deltas) return columns;

  columns.push_back({Column::Kind::interval, "intervalNs", nullptr, 0});
  for (const Field* field : chosen) {
    if (field->habit != FieldHabit::counter) continue;
    std::size_t counter = 0;
    while (counters()[counter] != field) ++counter;
    columns.push_back({Column::Kind::increment, std::string(field->json_name) + "Delta", field, counter});
    columns.push_back({Column::Kind::rate, std::string(field->json_name) + "PerSecond", field, counter});
  }
  return columns;
}

Cell cell_of(const Row& row, const Delta* delta, const Column& column, bool human, Addresses addresses) {
  if (column.kind == Column::Kind::value) return value_cell(row, *column.field, human, addresses);
  if (delta == nullptr || delta->first) return {};
  if (column.kind == Column::Kind::interval) return delta->interval_ns;
  const auto increment = delta->increments[column.counter];
  if (!increment) return {};
  if (column.kind == Column::Kind::increment) return *increment;
  if (delta->interval_ns <= 0) return {};
  return static_cast<double>(*increment) * 1e9 / static_cast<double>(delta->interval_ns);
}

}  // namespace uncork::record
