// What keeps somebody else's SQL to questions.

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "core/clock.hpp"
#include "sink/sqlite/database.hpp"
#include "sink/sqlite/failure.hpp"

namespace uncork::sink {

struct Database::Guard {
  core::Time until;
};

void Database::Release::operator()(Guard* guard) const { delete guard; }

namespace {

/// Those that tell about tables, and change nothing.
bool is_harmless_pragma(const char* name) {
  static constexpr std::array<std::string_view, 6> kHarmless = {"table_info", "table_xinfo", "table_list",
                                                                "index_list", "index_info",  "user_version"};
  return name != nullptr && std::ranges::find(kHarmless, std::string_view(name)) != kHarmless.end();
}

int allow(void* /*unused*/, int action, const char* first, const char* second, const char* /*database*/,
          const char* /*trigger*/) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return second != nullptr && std::string_view(second) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
      return is_harmless_pragma(first) && (second == nullptr || std::string_view(first) != "user_version") ? SQLITE_OK
                                                                                                           : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

Database::WrongSql only_questions() {
  return {"only questions are answered, which change nothing: SELECT, WITH, VALUES, EXPLAIN", -1};
}

/// Where in `rest`, which stands behind a statement, another begins; nothing if only blanks and comments follow.
std::optional<std::size_t> begin_of_statement(sqlite3* connection, const char* rest) {
  sqlite3_stmt* second = nullptr;
  const bool is_right = ::sqlite3_prepare_v2(connection, rest, -1, &second, nullptr) == SQLITE_OK;
  const bool is_none = is_right && second == nullptr;
  ::sqlite3_finalize(second);
  const std::size_t next = std::string_view(rest).find_first_not_of(" \t\r\n;");
  return is_none || next == std::string_view::npos ? std::nullopt : std::optional(next);
}

int is_over(void* until) { return core::MonotonicClock::now() > *static_cast<const core::Time*>(until) ? 1 : 0; }

}  // namespace

core::Status Database::guard(std::chrono::milliseconds most) {
  if (auto only = execute("PRAGMA query_only = ON"); !only) return only;
  constexpr int kLongest = 64 << 20;  // bytes of a text, or of a row
  ::sqlite3_limit(connection_.get(), SQLITE_LIMIT_LENGTH, kLongest);
  ::sqlite3_limit(connection_.get(), SQLITE_LIMIT_ATTACHED, 0);
  guard_.reset(new Guard{core::MonotonicClock::now() + most});
  constexpr int kSteps = 4000;  // of SQLite's machine between two looks at the clock: below a millisecond
  ::sqlite3_progress_handler(connection_.get(), kSteps, is_over, &guard_->until);
  ::sqlite3_set_authorizer(connection_.get(), allow, nullptr);
  return {};
}

std::expected<Statement, Database::WrongSql> Database::prepare_foreign(const std::string& sql) {
  sqlite3_stmt* below = nullptr;
  const char* rest = nullptr;
  const auto size = static_cast<int>(sql.size() + 1);
  const int prepared = ::sqlite3_prepare_v2(connection_.get(), sql.c_str(), size, &below, &rest);
  Statement statement(below, path_.get());
  if (prepared == SQLITE_AUTH) return std::unexpected(only_questions());
  if (prepared != SQLITE_OK) {
    return std::unexpected(WrongSql{::sqlite3_errmsg(connection_.get()), ::sqlite3_error_offset(connection_.get())});
  }
  // VACUUM is not asked about by SQLite before it runs.
  if (below != nullptr && ::sqlite3_stmt_readonly(below) == 0) return std::unexpected(only_questions());
  if (below == nullptr) return std::unexpected(WrongSql{"there is no statement in it", -1});
  if (const auto next = begin_of_statement(connection_.get(), rest)) {
    return std::unexpected(
        WrongSql{"one statement is enough; here another begins", static_cast<int>(rest - sql.c_str()) + static_cast<int>(*next)});
  }
  if (::sqlite3_bind_parameter_count(below) != 0) {
    return std::unexpected(WrongSql{"it has parameters, and there is nothing to put into them", -1});
  }
  return statement;
}

}  // namespace uncork::sink
