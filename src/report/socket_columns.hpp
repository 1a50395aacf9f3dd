#pragma once
// What a table of sockets can show, a column each.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/field.hpp"
#include "record/deltas.hpp"
#include "record/row.hpp"
#include "report/table.hpp"

namespace uncork::report {

/// A row, and what happened since the one before of the same socket if that is known; both live elsewhere, and longer.
struct SocketLine {
  const record::Row* row = nullptr;
  const record::Delta* delta = nullptr;
};

struct SocketColumn {
  std::string name;   ///< as `--columns` takes it
  std::string title;  ///< over the column
  Align align = Align::left;
  std::function<std::string(const SocketLine&)> cell;  ///< `-` for what is not known
  const filter::Field* field = nullptr;                ///< the field that it shows; none: it is made of several
};

/// `process`, `local`, `peer`, `limit`, rates since the look before (`sent/s` and so on), and every field of a filter. Nothing:
/// there is none of this name.
[[nodiscard]] std::optional<SocketColumn> socket_column(std::string_view name);

/// What people may choose from, with a few words each: those made of several fields, then the short names of filters.
struct ColumnHelp {
  std::string name;
  std::string help;
};
[[nodiscard]] std::vector<ColumnHelp> socket_column_help();

/// `established` as ss(8) shows it: `ESTAB`; a row that is about an end or a connection that never was says that.
[[nodiscard]] std::string state_text(const record::Row& row);

/// A value of `field` for people; `-` if it is not known.
[[nodiscard]] std::string field_text(const record::Row& row, const filter::Field& field);

}  // namespace uncork::report
