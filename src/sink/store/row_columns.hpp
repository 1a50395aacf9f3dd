#pragma once
// A row of telemetry as columns of a table: one a field of the catalogue, under its name.

#include <string>
#include <vector>

#include "record/row.hpp"
#include "record/texts.hpp"
#include "sink/sqlite/statement.hpp"

namespace uncork::sink {

struct RowColumn {
  std::string name;
  std::string type;  ///< INTEGER, TEXT or BLOB
};

/// In the order of the catalogue. Numbers of 64 bits are SQLite's, so that what is above 2^63 is negative; flags and enums are
/// numbers, addresses are texts; what is unknown is NULL.
[[nodiscard]] const std::vector<RowColumn>& row_columns();

/// Binds what the row knows, its first field at `from`. The row's texts, and `room`, must live until the statement has run.
struct RowRoom {
  std::string source;
  std::string destination;
};
void bind_row(Statement& statement, int from, const record::Row& row, RowRoom& room);

/// The row whose fields stand from column `from` on, in the same order; its texts are kept in `texts`. Any values are read: what
/// does not fit a field is cut to it.
[[nodiscard]] record::Row read_row(const Statement& statement, int from, record::Texts& texts);

}  // namespace uncork::sink
