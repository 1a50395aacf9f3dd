#include "sink/store/rollups.hpp"

#include <utility>

#include "sink/store/schema.hpp"

namespace uncork::sink {
namespace {

constexpr std::int64_t kDay = 24 * kHour;
constexpr std::size_t kMostKnown = 10'000;  // services whose ids are kept in memory

void bind_service(Statement& statement, const StoredService& who) {
  statement.bind(1, std::string_view(who.key.command));
  statement.bind(2, name(who.key.role));
  statement.bind(3, std::int64_t{who.key.port});
  statement.bind(4, std::string_view(who.key.netns));
  statement.bind(5, std::string_view(who.container));
  statement.bind(6, std::int64_t{who.others ? 1 : 0});
  statement.bind(7, name(who.by));
}

core::Status prepare_into(Database& database, Statement& into, const std::string& sql) {
  auto statement = database.prepare(sql);
  if (!statement) return core::fail(statement.error());
  into = std::move(*statement);
  return {};
}

}  // namespace

stall::Role role_named(std::string_view word) {
  if (word == name(stall::Role::responder)) return stall::Role::responder;
  return word == name(stall::Role::requester) ? stall::Role::requester : stall::Role::unknown;
}

core::Result<Rollups> Rollups::prepare(Database& database) {
  const std::string names = sum_column_names();
  const std::string places = sum_placeholders();
  Rollups made;
  const std::pair<Statement*, std::string> all[] = {
      {&made.find_service_,
       "SELECT id, last_s FROM services WHERE command = ? AND role = ? AND port = ? AND netns = ? AND container = ? "
       "AND others = ? AND grouping = ?"},
      {&made.add_service_,
       "INSERT INTO services(command, role, port, netns, container, others, grouping, last_s) VALUES(?, ?, ?, ?, ?, ?, ?, ?) "
       "RETURNING id"},
      {&made.touch_service_, "UPDATE services SET last_s = ? WHERE id = ?"},
      {&made.add_sums_, "INSERT INTO service_sums(poll, service, " + names + ") VALUES(?, ?, " + places + ")"},
      {&made.find_rollup_, "SELECT " + names + " FROM rollups WHERE span_s = ? AND begin_s = ? AND service = ?"},
      {&made.put_rollup_, "REPLACE INTO rollups(span_s, begin_s, service, " + names + ") VALUES(?, ?, ?, " + places + ")"},
  };
  for (const auto& [statement, sql] : all) {
    if (auto prepared = prepare_into(database, *statement, sql); !prepared) return core::fail(prepared.error());
  }
  return made;
}

core::Result<std::int64_t> Rollups::id_of(const StoredService& who, std::int64_t now_s) {
  const std::int64_t hour = now_s - now_s % kHour;
  auto known = ids_.find(who);
  // One that was not heard of for long may have been forgotten there.
  if (known != ids_.end() && known->second.last_s + kDay < hour) {
    ids_.erase(known);
    known = ids_.end();
  }
  if (known == ids_.end()) {
    bind_service(find_service_, who);
    auto found = find_service_.step();
    Known read{found && *found ? find_service_.number(0) : 0, found && *found ? find_service_.number(1) : hour};
    find_service_.reset();
    if (!found) return core::fail(found.error());
    if (!*found) {
      bind_service(add_service_, who);
      add_service_.bind(8, hour);
      found = add_service_.step();
      read.id = found && *found ? add_service_.number(0) : 0;
      if (!found) add_service_.reset();
      if (!found) return core::fail(found.error());
      if (auto added = add_service_.run(); !added) return core::fail(added.error());
    }
    if (ids_.size() >= kMostKnown) ids_.clear();
    known = ids_.emplace(who, read).first;
  }
  if (known->second.last_s < hour) {
    touch_service_.bind(1, hour);
    touch_service_.bind(2, known->second.id);
    if (auto touched = touch_service_.run(); !touched) return core::fail(touched.error());
    known->second.last_s = hour;
  }
  return known->second.id;
}

core::Status Rollups::merge(std::int64_t span_s, std::int64_t now_s, std::int64_t service, ServiceSums sums) {
  const std::int64_t begin = now_s - now_s % span_s;
  find_rollup_.bind(1, span_s);
  find_rollup_.bind(2, begin);
  find_rollup_.bind(3, service);
  const auto found = find_rollup_.step();
  if (found && *found) sums += read_sums(find_rollup_, 0);
  find_rollup_.reset();
  if (!found) return core::fail(found.error());
  put_rollup_.bind(1, span_s);
  put_rollup_.bind(2, begin);
  put_rollup_.bind(3, service);
  std::string times;
  bind_sums(put_rollup_, 4, sums, times);
  return put_rollup_.run();
}

core::Status Rollups::add(std::int64_t poll, std::int64_t began_ns, const StoredService& who, const ServiceSums& sums) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t now_s = began_ns / kSecond;
  const auto service = id_of(who, now_s);
  if (!service) return core::fail(service.error());
  add_sums_.bind(1, poll);
  add_sums_.bind(2, *service);
  std::string times;
  bind_sums(add_sums_, 3, sums, times);
  if (auto added = add_sums_.run(); !added) return added;
  for (const std::int64_t span : {kMinute, kHour}) {
    if (auto merged = merge(span, now_s, *service, sums); !merged) return merged;
  }
  return {};
}

}  // namespace uncork::sink
