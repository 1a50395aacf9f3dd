#include "sink/store/reader.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "sink/store/question.hpp"
#include "sink/store/retention.hpp"
#include "sink/store/row_columns.hpp"
#include "sink/store/schema.hpp"

namespace uncork::sink {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t down(std::int64_t seconds, std::int64_t span) { return seconds - seconds % span; }
std::int64_t up(std::int64_t seconds, std::int64_t span) { return down(seconds + span - 1, span); }

std::string quoted_row_columns() {
  std::string names;
  for (const RowColumn& column : row_columns()) names += (names.empty() ? "\"" : ", \"") + column.name + "\"";
  return names;
}

/// One socket of one boot, whatever rows there are of it.
constexpr std::string_view kIdentity =
    "boot_id, netns_inode, inet_diag_msg_socket_cookie, inet_diag_msg_socket_source, inet_diag_msg_socket_source_port, "
    "inet_diag_msg_socket_destination, inet_diag_msg_socket_destination_port";

}  // namespace

core::Result<Reader> Reader::open(const std::string& path) {
  auto database = open_to_read(path);
  if (!database) return core::fail(database.error());
  if (auto known = check_schema(*database); !known) return core::fail(known.error());
  return Reader(std::move(*database));
}

core::Result<std::optional<Span>> Reader::polled() {
  auto statement = database_.prepare("SELECT (SELECT min(began_ns) FROM polls), (SELECT max(began_ns) FROM polls)");
  if (!statement) return core::fail(statement.error());
  const auto row = statement->step();
  if (!row) return core::fail(row.error());
  if (!*row || statement->kind(0) == Statement::Kind::null) return std::optional<Span>{};
  return std::optional(Span{statement->number(0), statement->number(1) + 1});
}

core::Result<Watch> Reader::watch(Span span) {
  auto one_state = Transaction::begin_reading(database_);
  if (!one_state) return core::fail(one_state.error());
  const auto pruned = pruned_counts(database_);
  if (!pruned) return core::fail(pruned.error());
  const auto oldest = database_.number("SELECT min(began_ns) FROM polls");
  if (!oldest) return core::fail(oldest.error());
  auto statement = database_.prepare(
      "SELECT began_ns, interval_us FROM polls WHERE began_ns >= ?1 AND began_ns <= "
      "coalesce((SELECT min(began_ns) FROM polls WHERE began_ns >= ?2), ?2) ORDER BY began_ns");
  if (!statement) return core::fail(statement.error());
  statement->bind(1, span.from_ns);
  statement->bind(2, span.until_ns);
  std::vector<PolledAt> polls;
  auto row = statement->step();
  for (; row && *row; row = statement->step()) polls.push_back({statement->number(0), core::Micros(statement->number(1))});
  if (!row) return core::fail(row.error());
  const bool forgot = pruned->polls.by_age + pruned->polls.by_size != 0 && *oldest > span.from_ns;
  if (!forgot) return watch_in(span, polls);
  const std::int64_t known_from = std::min(*oldest, span.until_ns);
  Watch watch = watch_in({known_from, span.until_ns}, polls);
  watch.known_from_ns = known_from;
  return watch;
}

/// Every service of that grouping, without sums.
core::Result<Reader::ById> Reader::named(Grouping by) {
  auto statement = database_.prepare("SELECT id, command, role, port, netns, container, others FROM services WHERE grouping = ?");
  if (!statement) return core::fail(statement.error());
  statement->bind(1, name(by));
  ById services;
  auto row = statement->step();
  for (; row && *row; row = statement->step()) {
    StoredService& who = services[statement->number(0)].who;
    who.key = {std::string(statement->text(1)), role_named(statement->text(2)), static_cast<std::uint16_t>(statement->number(3)),
               std::string(statement->text(4))};
    who.container = statement->text(5);
    who.others = statement->number(6) != 0;
    who.by = by;
  }
  if (!row) return core::fail(row.error());
  return services;
}

core::Status Reader::add_rollups(std::int64_t span_s, std::int64_t from_s, std::int64_t until_s, std::int64_t half_s,
                                 ById& into) {
  if (from_s >= until_s) return {};
  auto statement = database_.prepare("SELECT service, begin_s, " + sum_column_names() +
                                     " FROM rollups WHERE span_s = ? AND begin_s >= ? AND begin_s < ?");
  if (!statement) return core::fail(statement.error());
  statement->bind(1, span_s);
  statement->bind(2, from_s);
  statement->bind(3, until_s);
  auto row = statement->step();
  for (; row && *row; row = statement->step()) {
    const auto service = into.find(statement->number(0));
    if (service == into.end()) continue;  // of another grouping
    ServiceSums& sums = service->second.sums;
    const core::Micros before = sums.lost();
    add_sums(*statement, 2, sums);
    if (statement->number(1) < half_s) service->second.lost_early += sums.lost() - before;
  }
  if (!row) return core::fail(row.error());
  return {};
}

core::Result<ServicesIn> Reader::services(Span span, Grouping by) {
  auto one_state = Transaction::begin_reading(database_);
  if (!one_state) return core::fail(one_state.error());
  std::int64_t from = down(span.from_ns / kSecond, kMinute);
  std::int64_t until = up((span.until_ns + kSecond - 1) / kSecond, kMinute);
  const auto oldest_minute =
      database_.number("SELECT begin_s FROM rollups WHERE span_s = " + std::to_string(kMinute) + " ORDER BY begin_s LIMIT 1");
  if (!oldest_minute) return core::fail(oldest_minute.error());
  const auto pruned = pruned_counts(database_);
  if (!pruned) return core::fail(pruned.error());
  const bool lacks_minutes = pruned->minutes.by_age + pruned->minutes.by_size != 0;
  if (lacks_minutes && from < *oldest_minute) from = down(from, kHour);
  if (lacks_minutes && down(until, kHour) < *oldest_minute) until = up(until, kHour);
  std::int64_t hours_from = up(from, kHour);
  std::int64_t hours_until = down(until, kHour);
  if (hours_from >= hours_until) hours_from = hours_until = until;
  struct Part {
    std::int64_t span, from, until;
  };
  const Part parts[] = {{kMinute, from, hours_from}, {kHour, hours_from, hours_until}, {kMinute, hours_until, until}};
  auto services = named(by);
  if (!services) return core::fail(services.error());
  const std::int64_t half = from + (until - from) / 2;
  for (const Part& part : parts) {
    if (auto added = add_rollups(part.span, part.from, part.until, half, *services); !added) return core::fail(added.error());
  }
  ServicesIn found{{from * kSecond, until * kSecond}, {}};
  for (auto& [id, service] : *services) {
    if (service.sums != ServiceSums{}) found.services.push_back(std::move(service));
  }
  std::ranges::sort(found.services, std::ranges::greater{},
                    [](const SummedService& s) { return std::tuple(s.sums.lost(), s.sums.times.count(), s.who.key.command); });
  return found;
}

core::Result<std::vector<KnownSocket>> Reader::sockets(const Sought& sought, std::int64_t at_ns, std::int64_t within_ns) {
  auto one_state = Transaction::begin_reading(database_);
  if (!one_state) return core::fail(one_state.error());
  // The rows of a poll follow each other, and those of later polls come behind: no index is needed to find those of a time. Of
  // the rows of a socket, SQLite gives the id of the one that has the minimum.
  auto statement =
      database_.prepare("SELECT " + quoted_row_columns() +
                        " FROM \"rows\" WHERE id IN (SELECT id FROM (SELECT id, min(abs(timestamp_ns - ?3)) "
                        "FROM \"rows\" WHERE id >= (SELECT min(first_row) FROM polls WHERE began_ns BETWEEN ?1 AND ?2) "
                        "AND id < (SELECT max(first_row + row_count) FROM polls WHERE began_ns BETWEEN ?1 AND ?2) "
                        "AND timestamp_ns BETWEEN ?1 AND ?2 AND " +
                        sought.condition() + " GROUP BY " + std::string(kIdentity) +
                        ")) "
                        "ORDER BY abs(timestamp_ns - ?3), id");
  if (!statement) return core::fail(statement.error());
  statement->bind(1, at_ns - within_ns);
  statement->bind(2, at_ns + within_ns);
  statement->bind(3, at_ns);
  sought.bind(*statement);
  std::vector<KnownSocket> found;
  auto row = statement->step();
  for (; row && *row; row = statement->step()) {
    const record::Row known = read_row(*statement, 0, texts_);
    found.push_back({known, known.timestamp_ns - at_ns});
  }
  if (!row) return core::fail(row.error());
  return found;
}

}  // namespace uncork::sink
