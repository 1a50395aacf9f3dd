#include "sink/store/retention.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "sink/store/schema.hpp"

namespace uncork::sink {
namespace {

enum class Why : std::uint8_t { age, size };

/// One turn of forgetting.
class Pruning {
 public:
  Pruning(Database& database, const Retention& retention, std::int64_t now_ns, std::int64_t most_rows)
      : database_(database), retention_(retention), now_ns_(now_ns), left_(most_rows) {}

  core::Status polls(core::Micros& allowed);
  core::Status rollups(std::int64_t span_s, core::Micros age, const std::string& what, core::Micros& allowed);
  core::Status services();

 private:
  enum class Done : std::uint8_t { all, some };

  [[nodiscard]] std::int64_t before(core::Micros age) const { return now_ns_ - age.count() * 1000; }
  core::Result<bool> is_too_large();
  core::Result<Done> poll(std::int64_t id, std::int64_t first, std::int64_t count, Why why);
  core::Status note(std::string_view what, Why why, std::int64_t count);
  core::Result<std::int64_t> remove(const std::string& sql);

  Database& database_;
  const Retention& retention_;
  std::int64_t now_ns_;
  std::int64_t left_;  // rows that it may still delete
};

core::Result<bool> Pruning::is_too_large() {
  const auto bytes = database_.number(
      "SELECT (p.page_count - f.freelist_count) * s.page_size FROM pragma_page_count p, pragma_freelist_count f, "
      "pragma_page_size s");
  if (!bytes) return core::fail(bytes.error());
  return static_cast<std::uint64_t>(*bytes) > retention_.bytes;
}

core::Status Pruning::note(std::string_view what, Why why, std::int64_t count) {
  if (count == 0) return {};
  const std::string column = why == Why::age ? "by_age" : "by_size";
  auto statement = database_.prepare("INSERT INTO pruned(what, " + column + ") VALUES(?, ?) ON CONFLICT(what) DO UPDATE SET " +
                                     column + " = " + column + " + excluded." + column);
  if (!statement) return core::fail(statement.error());
  statement->bind(1, what);
  statement->bind(2, count);
  return statement->run();
}

/// How many were deleted, which is taken off what may be.
core::Result<std::int64_t> Pruning::remove(const std::string& sql) {
  if (auto done = database_.execute(sql); !done) return core::fail(done.error());
  const std::int64_t deleted = database_.changes();
  left_ -= deleted;
  return deleted;
}

core::Result<Pruning::Done> Pruning::poll(std::int64_t id, std::int64_t first, std::int64_t count, Why why) {
  const std::int64_t rows = std::min(count, left_);
  const std::string of_poll = std::to_string(id);
  const auto deleted =
      remove("DELETE FROM \"rows\" WHERE id >= " + std::to_string(first) + " AND id < " + std::to_string(first + rows));
  if (!deleted) return core::fail(deleted.error());
  if (auto noted = note("rows", why, *deleted); !noted) return core::fail(noted.error());
  if (rows < count) {
    const std::string shrink = "UPDATE polls SET first_row = first_row + " + std::to_string(rows) + ", row_count = row_count - " +
                               std::to_string(rows) + " WHERE id = " + of_poll;
    if (auto done = database_.execute(shrink); !done) return core::fail(done.error());
    return Done::some;
  }
  for (const std::string sql : {"DELETE FROM service_sums WHERE poll = ", "DELETE FROM polls WHERE id = "}) {
    if (auto gone = remove(sql + of_poll); !gone) return core::fail(gone.error());
  }
  if (auto noted = note("polls", why, 1); !noted) return core::fail(noted.error());
  return Done::all;
}

core::Status Pruning::polls(core::Micros& allowed) {
  while (left_ > 0) {
    auto oldest = database_.prepare(
        "SELECT id, first_row, row_count, began_ns, (SELECT max(id) FROM polls), interval_us FROM polls ORDER BY id LIMIT 1");
    if (!oldest) return core::fail(oldest.error());
    const auto row = oldest->step();
    if (!row) return core::fail(row.error());
    if (!*row || oldest->number(0) == oldest->number(4)) return {};
    // One that stands for hours, since nothing could be polled meanwhile, must not keep all behind it.
    const core::Micros stands_for = std::min(core::Micros(oldest->number(5)), AgeAllowance::kLeast);
    Why why = Why::age;
    if (oldest->number(3) >= before(retention_.rows) || stands_for > allowed) {
      why = Why::size;
      const auto large = is_too_large();
      if (!large) return core::fail(large.error());
      if (!*large) return {};
    }
    const auto done = poll(oldest->number(0), oldest->number(1), oldest->number(2), why);
    if (!done) return core::fail(done.error());
    if (why == Why::age && *done == Done::all) allowed -= stands_for;
  }
  return {};
}

core::Status Pruning::rollups(std::int64_t span_s, core::Micros age, const std::string& what, core::Micros& allowed) {
  const core::Micros span = std::chrono::seconds(span_s);
  const std::string of_span = " FROM rollups WHERE span_s = " + std::to_string(span_s);
  const std::int64_t last_to_go = before(age) / 1'000'000'000 - span_s;  // it has ended by then
  // Two questions, since only one of the two ends is found without a scan.
  auto ends = database_.prepare("SELECT (SELECT min(begin_s)" + of_span + "), (SELECT max(begin_s)" + of_span + ")");
  if (!ends) return core::fail(ends.error());
  const std::string remove_begin = "DELETE" + of_span + " AND begin_s = ";
  while (left_ > 0) {
    const auto row = ends->step();
    if (!row) return core::fail(row.error());
    const std::int64_t oldest = ends->number(0);
    const bool is_last = oldest == ends->number(1);
    ends->reset();
    if (is_last) return {};
    Why why = Why::age;
    if (oldest > last_to_go || span > allowed) {
      why = Why::size;
      const auto large = is_too_large();
      if (!large) return core::fail(large.error());
      if (!*large) return {};
    }
    const auto deleted = remove(remove_begin + std::to_string(oldest));
    if (!deleted) return core::fail(deleted.error());
    if (auto noted = note(what, why, *deleted); !noted) return noted;
    if (why == Why::age) allowed -= span;
  }
  return {};
}

/// Never one that an hour is still of: whoever has sums there was heard of since the oldest of them.
core::Status Pruning::services() {
  const std::string seconds = std::to_string(before(retention_.hours) / 1'000'000'000 - kHour);
  const auto gone = remove("DELETE FROM services WHERE id IN (SELECT id FROM services WHERE last_s < min(" + seconds +
                           ", coalesce((SELECT min(begin_s) FROM rollups WHERE span_s = " + std::to_string(kHour) + "), " +
                           seconds + ")) LIMIT 100)");
  if (!gone) return core::fail(gone.error());
  return {};
}

/// Free pages are used again: they are given back only where they are many, or too many.
core::Status give_back(Database& database, const Retention& retention) {
  constexpr std::int64_t kFew = 4096;     // pages: 16 MB
  constexpr std::int64_t kAtOnce = 1000;  // 4 MB, which takes milliseconds
  constexpr std::int64_t kShare = 4;      // a quarter of the file
  auto pages = database.prepare(
      "SELECT p.page_count, f.freelist_count, s.page_size FROM pragma_page_count p, "
      "pragma_freelist_count f, pragma_page_size s");
  if (!pages) return core::fail(pages.error());
  const auto row = pages->step();
  if (!row) return core::fail(row.error());
  const std::int64_t all = pages->number(0);
  const std::int64_t free = pages->number(1);
  const bool too_large = static_cast<std::uint64_t>(all * pages->number(2)) > retention.bytes;
  pages->reset();
  if (free == 0 || (!too_large && (free < kFew || free < all / kShare))) return {};
  return database.execute("PRAGMA incremental_vacuum(" + std::to_string(kAtOnce) + ")");
}

}  // namespace

core::Result<PrunedCounts> pruned_counts(Database& database) {
  PrunedCounts counts;
  const std::pair<std::string_view, Pruned*> kinds[] = {
      {"rows", &counts.rows}, {"polls", &counts.polls}, {"minutes", &counts.minutes}, {"hours", &counts.hours}};
  auto statement = database.prepare("SELECT what, by_age, by_size FROM pruned");
  if (!statement) return core::fail(statement.error());
  auto row = statement->step();
  for (; row && *row; row = statement->step()) {
    for (const auto& [what, into] : kinds) {
      if (what == statement->text(0)) {
        *into = {static_cast<std::uint64_t>(statement->number(1)), static_cast<std::uint64_t>(statement->number(2))};
      }
    }
  }
  if (!row) return core::fail(row.error());
  return counts;
}

void AgeAllowance::accrue(core::Micros elapsed) {
  const core::Micros more = elapsed * kPace;
  for (core::Micros* const each : {&polls, &minutes, &hours}) *each = std::min(*each + more, std::max(kLeast, more));
}

core::Status prune(Database& database, const Retention& retention, std::int64_t now_ns, std::int64_t most_rows,
                   AgeAllowance& allowance) {
  AgeAllowance left = allowance;
  auto transaction = Transaction::begin(database);
  if (!transaction) return core::fail(transaction.error());
  Pruning pruning(database, retention, now_ns, most_rows);
  if (auto done = pruning.polls(left.polls); !done) return done;
  if (auto done = pruning.rollups(kMinute, retention.minutes, "minutes", left.minutes); !done) return done;
  if (auto done = pruning.rollups(kHour, retention.hours, "hours", left.hours); !done) return done;
  if (auto done = pruning.services(); !done) return done;
  if (auto done = transaction->commit(); !done) return done;
  allowance = left;
  return give_back(database, retention);
}

}  // namespace uncork::sink
