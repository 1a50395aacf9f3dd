#include "sink/store/question.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace uncork::sink {
namespace {

core::Result<Database> try_open(const std::string& path, Access access) {
  auto database = Database::open(path, access);
  if (!database) return database;
  // Opening reads nothing yet: what is wrong shows here.
  if (const auto tables = database->number("SELECT count(*) FROM sqlite_schema"); !tables) return core::fail(tables.error());
  return database;
}

}  // namespace

core::Result<Database> open_to_read(const std::string& path) {
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0) {
    const int err = errno;
    if (err != ENOENT) return core::fail(core::system_error("open " + path, err));
    return core::fail(core::Error{core::ErrorCode::not_found, err, path + ": there is no store; give another by --store FILE"});
  }
  if (::access(path.c_str(), R_OK) != 0) return core::fail(core::system_error("open " + path, errno));
  auto database = try_open(path, Access::read);
  // A copy, or one whose writer has ended, in a folder where the log beside it cannot be made: nobody writes to that.
  const bool has_log = ::access((path + "-wal").c_str(), F_OK) == 0;
  if (!database && database.error().system_errno != EUCLEAN && !has_log) {
    if (auto still = try_open(path, Access::read_still); still) database = std::move(still);
  }
  if (!database) return database;
  constexpr auto kLockWait = std::chrono::seconds(2);
  database->wait_for_locks(kLockWait);
  return database;
}

core::Result<Question> Question::open(const std::string& path, std::chrono::milliseconds most) {
  auto database = open_to_read(path);
  if (!database) return core::fail(database.error());
  if (auto guarded = database->guard(most); !guarded) return core::fail(guarded.error());
  return Question(std::move(*database));
}

}  // namespace uncork::sink
