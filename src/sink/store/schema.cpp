// Five tables. `polls`: a line a poll, under its boot id and sequence, with the ids of its rows, which follow each other. `rows`:
// a column a field of the catalogue. `services`: who the sums are of. `service_sums`: those of a poll. `rollups`: those of a
// minute and of an hour, the same columns merged, so that a week is a few thousand rows. And `pruned`, which counts what was
// forgotten. Views give the sums their names back, and add up what was lost.
#include "sink/store/schema.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string_view>
#include <vector>

#include "sink/store/grouping.hpp"
#include "sink/store/row_columns.hpp"
#include "sink/store/service_sums.hpp"
#include "stall/cause.hpp"

namespace uncork::sink {
namespace {

std::vector<RowColumn> columns_of_sums() {
  std::vector<RowColumn> columns;
  for (const SumColumn& column : sum_columns()) columns.push_back({column.name, "INTEGER NOT NULL DEFAULT 0"});
  return columns;
}

/// `, "name" TYPE` for each.
std::string declared(const std::vector<RowColumn>& columns) {
  std::string text;
  for (const RowColumn& column : columns) text += ", \"" + column.name + "\" " + column.type;
  return text;
}

/// What an empty file gets, which is at version 1.
std::string tables() {
  const std::string sums = declared(columns_of_sums()) + ", p50_us INTEGER, p99_us INTEGER, times BLOB NOT NULL";
  return "CREATE TABLE polls(id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL, sequence INTEGER NOT NULL, began_ns INTEGER NOT NULL,"
         "  interval_us INTEGER NOT NULL, first_row INTEGER NOT NULL, row_count INTEGER NOT NULL, UNIQUE(boot_id, sequence));"
         "CREATE INDEX polls_by_time ON polls(began_ns);"
         "CREATE TABLE \"rows\"(id INTEGER PRIMARY KEY, poll INTEGER NOT NULL" +
         declared(row_columns()) +
         ");"
         "CREATE TABLE services(id INTEGER PRIMARY KEY, command TEXT NOT NULL, role TEXT NOT NULL, port INTEGER NOT NULL,"
         "  netns TEXT NOT NULL, container TEXT NOT NULL, others INTEGER NOT NULL, grouping TEXT NOT NULL, last_s INTEGER NOT "
         "NULL,"
         "  UNIQUE(command, role, port, netns, container, others, grouping));"
         "CREATE INDEX services_by_end ON services(last_s);"
         "CREATE TABLE service_sums(poll INTEGER NOT NULL, service INTEGER NOT NULL" +
         sums +
         ", PRIMARY KEY(poll, service)) WITHOUT ROWID;"
         "CREATE TABLE rollups(span_s INTEGER NOT NULL, begin_s INTEGER NOT NULL, service INTEGER NOT NULL" +
         sums +
         ", PRIMARY KEY(span_s, begin_s, service)) WITHOUT ROWID;"
         "CREATE TABLE pruned(what TEXT PRIMARY KEY, by_age INTEGER NOT NULL DEFAULT 0, by_size INTEGER NOT NULL DEFAULT 0)"
         "  WITHOUT ROWID;";
}

/// What makes version n + 2 of version n + 1. Columns need no step: they are added wherever one is missing. Never change a step
/// that was published: add another.
constexpr std::array<std::string_view, kSchemaVersion - 1> kSteps = {};

core::Result<std::set<std::string>> columns_of(Database& database, const std::string& table) {
  auto statement = database.prepare("SELECT name FROM pragma_table_info('" + table + "')");
  if (!statement) return core::fail(statement.error());
  std::set<std::string> names;
  auto row = statement->step();
  for (; row && *row; row = statement->step()) names.emplace(statement->text(0));
  if (!row) return core::fail(row.error());
  return names;
}

core::Status add_columns(Database& database, const std::string& table, const std::vector<RowColumn>& columns) {
  const auto there = columns_of(database, table);
  if (!there) return core::fail(there.error());
  for (const RowColumn& column : columns) {
    if (there->contains(column.name)) continue;
    const std::string sql = "ALTER TABLE \"" + table + "\" ADD COLUMN \"" + column.name + "\" " + column.type;
    if (auto added = database.execute(sql); !added) return added;
  }
  return {};
}

/// `sums` with the names of the services and what was lost in all.
std::string view_of_sums(const std::string& name, const std::string& sums, const std::string& when, const std::string& rest) {
  std::string lost;
  std::string numbers;
  for (const stall::Cause cause : stall::all_causes()) {
    if (stall::is_stall(cause)) lost += (lost.empty() ? "" : " + ") + ("lost_" + std::string(stall::name(cause))) + "_us";
  }
  for (const SumColumn& column : sum_columns()) numbers += ", t." + column.name;
  return "DROP VIEW IF EXISTS " + name + "; CREATE VIEW " + name + " AS SELECT " + when +
         ", s.command, s.role, s.port, s.netns, s.container, " + lost + " AS lost_us, t.p50_us, t.p99_us" + numbers + " FROM " +
         sums + " t JOIN services s ON s.id = t.service" + rest + ";";
}

/// Of one span, by one grouping.
std::string view_of_rollups(const std::string& called, std::int64_t span_s, Grouping by) {
  return view_of_sums(called, "rollups", "datetime(t.begin_s, 'unixepoch') AS utc, t.begin_s",
                      " WHERE t.span_s = " + std::to_string(span_s) + " AND s.grouping = '" + std::string(name(by)) + "'");
}

/// Made anew each time, since they name every column.
std::string views() {
  return view_of_rollups("minutes", kMinute, Grouping::service) + view_of_rollups("hours", kHour, Grouping::service) +
         view_of_rollups("peer_minutes", kMinute, Grouping::peer) + view_of_rollups("peer_hours", kHour, Grouping::peer) +
         view_of_rollups("process_minutes", kMinute, Grouping::process) +
         view_of_rollups("process_hours", kHour, Grouping::process) +
         view_of_sums("polled_services", "service_sums",
                      "datetime(p.began_ns / 1000000000, 'unixepoch') AS utc, p.began_ns, p.boot_id, p.sequence",
                      " JOIN polls p ON p.id = t.poll WHERE s.grouping = 'service'") +
         "DROP VIEW IF EXISTS closes; CREATE VIEW closes AS SELECT * FROM \"rows\" WHERE last_row = 1;";
}

/// Whether each column that we would add is there.
core::Result<bool> is_whole(Database& database) {
  struct Wanted {
    std::string table;
    std::vector<RowColumn> columns;
  };
  const std::vector<Wanted> all = {{"rows", row_columns()}, {"service_sums", columns_of_sums()}, {"rollups", columns_of_sums()}};
  for (const Wanted& wanted : all) {
    const auto there = columns_of(database, wanted.table);
    if (!there) return core::fail(there.error());
    if (!std::ranges::all_of(wanted.columns, [&](const RowColumn& c) { return there->contains(c.name); })) return false;
  }
  return true;
}

core::Error not_ours(const std::string& path) {
  return core::invalid_argument(path + ": this is the database of another program, not a store of uncork's");
}

core::Result<std::int64_t> version_of(Database& database) {
  const auto id = database.number("PRAGMA application_id");
  if (!id) return core::fail(id.error());
  const auto version = database.number("PRAGMA user_version");
  if (!version) return core::fail(version.error());
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return core::fail(tables.error());
  if (*id != kApplicationId && (*id != 0 || *tables != 0)) return core::fail(not_ours(database.path()));
  if (*version > kSchemaVersion) {
    return core::fail(core::Error{core::ErrorCode::not_supported, 0,
                                  database.path() + ": a newer uncork made this store (version " + std::to_string(*version) +
                                      " of its tables; this one knows " + std::to_string(kSchemaVersion) + ")"});
  }
  return *version;
}

}  // namespace

core::Status bring_forward(Database& database) {
  const auto version = version_of(database);
  if (!version) return core::fail(version.error());
  if (*version == kSchemaVersion) {
    const auto whole = is_whole(database);
    if (!whole) return core::fail(whole.error());
    if (*whole) return {};
  }
  auto transaction = Transaction::begin(database);
  if (!transaction) return core::fail(transaction.error());
  if (*version == 0) {
    if (auto made = database.execute(tables()); !made) return made;
  }
  for (auto step = static_cast<std::size_t>(std::max<std::int64_t>(*version, 1)) - 1; step < kSteps.size(); ++step) {
    if (auto made = database.execute(std::string(kSteps[step])); !made) return made;
  }
  if (auto added = add_columns(database, "rows", row_columns()); !added) return added;
  for (const std::string table : {"service_sums", "rollups"}) {
    if (auto added = add_columns(database, table, columns_of_sums()); !added) return added;
  }
  // The ends of connections are few among the rows, and often asked for.
  const std::string rest = "CREATE INDEX IF NOT EXISTS rows_that_are_last ON \"rows\"(timestamp_ns) WHERE last_row = 1;" +
                           views() + "PRAGMA application_id = " + std::to_string(kApplicationId) +
                           "; PRAGMA user_version = " + std::to_string(kSchemaVersion);
  if (auto made = database.execute(rest); !made) return made;
  return transaction->commit();
}

core::Status check_schema(Database& database) {
  const auto version = version_of(database);
  if (!version) return core::fail(version.error());
  if (*version == 0) {
    return core::fail(core::Error{core::ErrorCode::not_found, ENOENT, database.path() + ": the store is empty"});
  }
  const auto whole = is_whole(database);
  if (!whole) return core::fail(whole.error());
  if (!*whole) {
    return core::fail(core::Error{core::ErrorCode::not_supported, 0,
                                  database.path() + ": an older uncork made this store, and has not written into it as this one "
                                                    "would; 'uncork query' can read it"});
  }
  return {};
}

}  // namespace uncork::sink
