#include "sink/store/store.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "sink/sqlite/database.hpp"
#include "sink/store/file.hpp"
#include "sink/store/rollups.hpp"
#include "sink/store/row_columns.hpp"
#include "sink/store/schema.hpp"

namespace uncork::sink {
namespace {

constexpr auto kLockWait = std::chrono::seconds(2);
constexpr std::int64_t kLeastPruned = 5000;  // rows a poll; more where polls are larger, so that it keeps up

bool is_damage(const core::Error& error) { return error.system_errno == EUCLEAN; }

std::string insert_row_sql() {
  std::string names = "id, poll";
  std::string places = "?, ?";
  for (const RowColumn& column : row_columns()) {
    names += ", \"" + column.name + "\"";
    places += ", ?";
  }
  return "INSERT INTO \"rows\"(" + names + ") VALUES(" + places + ")";
}

/// The connection to one file, with what is prepared on it. Its last member is destroyed first: the lock outlives SQLite.
class OpenFile {
 public:
  static core::Result<OpenFile> open(const std::string& path, WriterLock lock);

  core::Result<Store::Added> add(const Poll& poll);
  core::Result<std::uint64_t> last_sequence(std::string_view boot_id);
  Database& database() { return database_; }

 private:
  OpenFile(WriterLock lock, Database database, Rollups rollups)
      : lock_(std::move(lock)), database_(std::move(database)), rollups_(std::move(rollups)) {}

  core::Status prepare();
  core::Result<bool> add_poll(const Poll& poll);
  core::Status add_rows(const Poll& poll);
  core::Status add_services(const Poll& poll);
  core::Result<Store::Added> add_all(const Poll& poll);

  WriterLock lock_;
  Database database_;
  Rollups rollups_;
  Statement add_poll_, add_row_, last_;
  std::int64_t poll_ = 0;  // the id of the last one, and of the last row
  std::int64_t last_row_ = 0;
};

core::Result<OpenFile> OpenFile::open(const std::string& path, WriterLock lock) {
  auto database = Database::open(path, Access::write);
  if (!database) return core::fail(database.error());
  database->wait_for_locks(kLockWait);
  // auto_vacuum counts for a file without tables alone, and must come first. NORMAL: a commit does not wait for the disk; what a
  // crash of the program leaves is whole, and so is what the power leaves, though it may lack the last few.
  auto begun = database->execute(
      "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
      "PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -2048");
  if (!begun) return core::fail(begun.error());
  if (auto ready = bring_forward(*database); !ready) return core::fail(ready.error());
  auto rollups = Rollups::prepare(*database);
  if (!rollups) return core::fail(rollups.error());
  OpenFile file(std::move(lock), std::move(*database), std::move(*rollups));
  if (auto prepared = file.prepare(); !prepared) return core::fail(prepared.error());
  return file;
}

core::Status OpenFile::prepare() {
  const std::pair<Statement*, std::string> all[] = {
      {&add_poll_,
       "INSERT INTO polls(id, boot_id, sequence, began_ns, interval_us, first_row, row_count) "
       "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"},
      {&add_row_, insert_row_sql()},
      {&last_, "SELECT max(sequence) FROM polls WHERE boot_id = ?"}};
  for (const auto& [statement, sql] : all) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return core::fail(prepared.error());
    *statement = std::move(*prepared);
  }
  const auto poll = database_.number("SELECT max(id) FROM polls");
  if (!poll) return core::fail(poll.error());
  const auto row = database_.number("SELECT max(id) FROM \"rows\"");
  if (!row) return core::fail(row.error());
  poll_ = *poll;
  last_row_ = *row;
  return {};
}

/// False: it is stored already.
core::Result<bool> OpenFile::add_poll(const Poll& poll) {
  add_poll_.bind(1, poll_ + 1);
  add_poll_.bind(2, poll.boot_id);
  add_poll_.bind(3, poll.sequence);
  add_poll_.bind(4, poll.began_ns);
  add_poll_.bind(5, poll.interval.count());
  add_poll_.bind(6, last_row_ + 1);
  add_poll_.bind(7, std::uint64_t{poll.rows.size()});
  if (auto added = add_poll_.run(); !added) return core::fail(added.error());
  return database_.changes() == 1;
}

core::Status OpenFile::add_rows(const Poll& poll) {
  RowRoom room;
  std::int64_t id = last_row_;
  for (const record::Row& row : poll.rows) {
    add_row_.bind(1, ++id);
    add_row_.bind(2, poll_ + 1);
    bind_row(add_row_, 3, row, room);
    if (auto added = add_row_.run(); !added) return added;
  }
  return {};
}

core::Status OpenFile::add_services(const Poll& poll) {
  for (const ServiceGain& service : poll.services) {
    const ServiceSums sums = sums_of(service.gain, poll.interval, poll.confidence);
    if (sums.empty()) continue;
    const StoredService who{service.gain.key, service.container, service.gain.others, service.by};
    if (auto added = rollups_.add(poll_ + 1, poll.began_ns, who, sums); !added) return added;
  }
  return {};
}

core::Result<Store::Added> OpenFile::add_all(const Poll& poll) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return core::fail(transaction.error());
  const auto is_new = add_poll(poll);
  if (!is_new) return core::fail(is_new.error());
  if (!*is_new) return Store::Added::before;
  if (auto added = add_rows(poll); !added) return core::fail(added.error());
  if (auto added = add_services(poll); !added) return core::fail(added.error());
  if (auto committed = transaction->commit(); !committed) return core::fail(committed.error());
  ++poll_;
  last_row_ += static_cast<std::int64_t>(poll.rows.size());
  return Store::Added::now;
}

core::Result<Store::Added> OpenFile::add(const Poll& poll) {
  auto added = add_all(poll);
  if (!added) rollups_.forget();
  return added;
}

core::Result<std::uint64_t> OpenFile::last_sequence(std::string_view boot_id) {
  last_.bind(1, boot_id);
  const auto row = last_.step();
  const std::uint64_t last = row && *row ? static_cast<std::uint64_t>(last_.number(0)) : 0;
  last_.reset();
  if (!row) return core::fail(row.error());
  return last;
}

class FileStore final : public Store {
 public:
  explicit FileStore(StoreOptions options) : options_(std::move(options)) {}

  core::Status open_file();
  core::Result<Added> add(const Poll& poll) override;
  core::Result<std::uint64_t> last_sequence(std::string_view boot_id) override;
  core::Result<PrunedCounts> pruned() override;
  std::optional<std::string> take_notice() override { return std::exchange(notice_, std::nullopt); }

 private:
  core::Status start_anew(const core::Error& damage);

  StoreOptions options_;
  std::unique_ptr<OpenFile> file_;  // none: it could not be opened again
  AgeAllowance allowance_;
  std::optional<std::string> notice_;
};

core::Status FileStore::open_file() {
  auto lock = WriterLock::take(options_.path);
  if (!lock) return core::fail(lock.error());
  const auto content = lock->content();
  if (!content) return core::fail(content.error());
  if (*content == WriterLock::Content::foreign) {
    return core::fail(
        core::invalid_argument(options_.path + ": this file is not a store of uncork's; give another, or move it away"));
  }
  if (*content == WriterLock::Content::damaged) {
    return start_anew({core::ErrorCode::system, EUCLEAN, options_.path + ": the file's begin is lost"});
  }
  auto file = OpenFile::open(options_.path, std::move(*lock));
  if (!file && is_damage(file.error())) return start_anew(file.error());
  if (!file) return core::fail(file.error());
  file_ = std::make_unique<OpenFile>(std::move(*file));
  return {};
}

core::Status FileStore::start_anew(const core::Error& damage) {
  file_.reset();
  const auto aside = move_aside(options_.path);
  if (!aside) return core::fail(aside.error());
  notice_ = damage.message + "; it was moved to " + *aside + ", and a new store begun";
  auto lock = WriterLock::take(options_.path);
  if (!lock) return core::fail(lock.error());
  auto file = OpenFile::open(options_.path, std::move(*lock));
  if (!file) return core::fail(file.error());
  file_ = std::make_unique<OpenFile>(std::move(*file));
  return {};
}

core::Result<Store::Added> FileStore::add(const Poll& poll) {
  if (!file_) {
    if (auto opened = open_file(); !opened) return core::fail(opened.error());
  }
  auto added = file_->add(poll);
  if (!added && is_damage(added.error())) {
    if (auto anew = start_anew(added.error()); !anew) return core::fail(anew.error());
    added = file_->add(poll);
  }
  if (!added) return added;
  const auto most = std::max(kLeastPruned, 2 * static_cast<std::int64_t>(poll.rows.size()));
  if (*added == Added::now) allowance_.accrue(poll.interval);
  const auto done = prune(file_->database(), options_.retention, poll.began_ns, most, allowance_);
  if (!done && !is_damage(done.error())) return core::fail(done.error());
  return added;  // damage is met again, and seen to, by the next poll
}

core::Result<std::uint64_t> FileStore::last_sequence(std::string_view boot_id) {
  if (!file_) return 0;
  return file_->last_sequence(boot_id);
}

core::Result<PrunedCounts> FileStore::pruned() {
  if (!file_) return PrunedCounts{};
  return pruned_counts(file_->database());
}

}  // namespace

core::Result<std::unique_ptr<Store>> Store::open(StoreOptions options) {
  auto store = std::make_unique<FileStore>(std::move(options));
  if (auto opened = store->open_file(); !opened) return core::fail(opened.error());
  return store;
}

}  // namespace uncork::sink
