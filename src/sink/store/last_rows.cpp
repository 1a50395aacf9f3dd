// Reader::last_rows: the sockets as the last poll saw them.
#include <string_view>

#include "sink/store/reader.hpp"
#include "sink/store/row_columns.hpp"

namespace uncork::sink {

core::Status Reader::last_rows(const ServicesLike& like, const std::function<bool(const record::Row&)>& take) {
  auto one_state = Transaction::begin_reading(database_);
  if (!one_state) return core::fail(one_state.error());
  std::string columns;
  for (const RowColumn& column : row_columns()) columns += (columns.empty() ? "r.\"" : ", r.\"") + column.name + "\"";
  // The port of a server is its own, that of a client the one that it asks on.
  auto statement = database_.prepare(
      "SELECT " + columns +
      " FROM (SELECT first_row, row_count, sequence FROM polls ORDER BY id DESC LIMIT 1) p JOIN \"rows\" r"
      " ON r.id >= p.first_row AND r.id < p.first_row + p.row_count WHERE r.last_row IS NOT 1"
      // Rows between two polls are stored with the second, under the number of the first.
      " AND (r.sequence IS NULL OR r.sequence = 0 OR r.sequence = p.sequence)"
      // A container that the row does not name may be any.
      " AND (?6 IS NULL OR r.container_name IS NULL OR r.container_name = '' OR r.container_name = ?6)"
      " AND (?1 IS NULL OR r.command = ?1) AND (?2 IS NULL OR r.netns = ?2)"
      " AND (?3 IS NULL OR r.inet_diag_msg_socket_source_port = ?3)"
      " AND (?4 IS NULL OR r.inet_diag_msg_socket_destination_port = ?4)"
      " AND (?5 IS NULL OR r.inet_diag_msg_socket_source_port = ?5 OR r.inet_diag_msg_socket_destination_port = ?5)");
  if (!statement) return core::fail(statement.error());
  if (like.command) statement->bind(1, std::string_view(*like.command));
  if (like.netns && !like.netns->empty()) statement->bind(2, std::string_view(*like.netns));
  if (like.container && !like.container->empty()) statement->bind(6, std::string_view(*like.container));
  if (like.port && *like.port != 0) {
    const int at = like.role == stall::Role::responder ? 3 : like.role == stall::Role::requester ? 4 : 5;
    statement->bind(at, static_cast<std::int64_t>(*like.port));
  }
  auto row = statement->step();
  while (row && *row && take(read_row(*statement, 0, texts_))) row = statement->step();
  if (!row) return core::fail(row.error());
  return {};
}

}  // namespace uncork::sink
