#include "sink/store/question.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "core/clock.hpp"
#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using ::testing::HasSubstr;
using testing::some_poll;
using testing::StoreFolder;

struct QuestionTest : ::testing::Test {
  QuestionTest() { EXPECT_TRUE(store_->add(some_poll(1).view()).has_value()); }

  [[nodiscard]] Question::Wrong wrong(const std::string& sql) const {
    auto question = Question::open(folder_.path(), std::chrono::seconds(10));
    EXPECT_TRUE(question.has_value());
    const auto statement = question->ask(sql);
    EXPECT_FALSE(statement.has_value()) << sql;
    return statement ? Question::Wrong{} : statement.error();
  }

  StoreFolder folder_;
  std::unique_ptr<Store> store_ = folder_.open();
};

TEST_F(QuestionTest, is_answered_row_by_row) {
  auto question = Question::open(folder_.path(), std::chrono::seconds(10));
  ASSERT_TRUE(question.has_value());
  auto statement =
      question->ask("WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM n WHERE x < 3) SELECT x, 'a' FROM n;");
  ASSERT_TRUE(statement.has_value());
  EXPECT_EQ(statement->name(0), "x");
  for (std::int64_t x = 1; x <= 3; ++x) {
    ASSERT_TRUE(statement->step().value_or(false));
    EXPECT_EQ(statement->number(0), x);
    EXPECT_EQ(statement->text(1), "a");
  }
  EXPECT_FALSE(statement->step().value_or(true));
}

TEST_F(QuestionTest, changes_nothing) {
  const std::string other = folder_.folder().path() + "/other.db";
  for (const std::string& sql :
       {std::string("DELETE FROM rows"), std::string("INSERT INTO polls(id) VALUES(1)"), std::string("UPDATE rows SET pid = 1"),
        std::string("DROP TABLE rows"), std::string("CREATE TABLE t(x)"), std::string("CREATE TEMP TABLE t(x)"),
        "ATTACH '" + other + "' AS other", "VACUUM INTO '" + other + "'", std::string("PRAGMA query_only = OFF"),
        std::string("PRAGMA user_version = 7"), std::string("PRAGMA journal_mode = DELETE"), std::string("BEGIN"),
        std::string("REINDEX"), std::string("ANALYZE"), std::string("SELECT load_extension('x')")}) {
    EXPECT_THAT(wrong(sql).why, ::testing::AnyOf(HasSubstr("only questions are answered"), HasSubstr("not authorized"),
                                                 HasSubstr("no such function")))
        << sql;
  }
  EXPECT_FALSE(std::filesystem::exists(other));
  EXPECT_EQ(folder_.number("SELECT count(*) FROM rows"), 3);
}

TEST_F(QuestionTest, that_is_wrong_shows_the_place) {
  EXPECT_EQ(wrong("SELECT dprot FROM rows").offset, 7);
  EXPECT_THAT(wrong("SELECT dprot FROM rows").why, HasSubstr("no such column: dprot"));
  EXPECT_EQ(wrong("SELEC 1").offset, 0);
  EXPECT_EQ(wrong("SELECT 1; SELECT 2").offset, 10);
  EXPECT_TRUE(Question::open(folder_.path(), std::chrono::seconds(1))->ask("SELECT 1; -- that is all").has_value());
  EXPECT_EQ(wrong("").why, "there is no statement in it");
  EXPECT_THAT(wrong("SELECT ?").why, HasSubstr("parameters"));
}

TEST_F(QuestionTest, may_look_at_what_there_is) {
  auto question = Question::open(folder_.path(), std::chrono::seconds(10));
  for (const std::string& sql : {std::string("PRAGMA table_info(rows)"), std::string("SELECT name FROM sqlite_schema"),
                                 std::string("PRAGMA user_version"), std::string("EXPLAIN QUERY PLAN SELECT * FROM rows")}) {
    const auto statement = question->ask(sql);
    EXPECT_TRUE(statement.has_value()) << sql << ": " << (statement ? "" : statement.error().why);
  }
}

TEST_F(QuestionTest, that_takes_too_long_ends) {
  auto question = Question::open(folder_.path(), std::chrono::milliseconds(200));
  auto statement = question->ask("WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n");
  const core::Time begun = core::MonotonicClock::now();
  const auto row = statement->step();
  ASSERT_FALSE(row.has_value());
  EXPECT_EQ(row.error().system_errno, ETIME);
  EXPECT_THAT(row.error().message, HasSubstr("stopped, as it took too long"));
  EXPECT_LT(core::MonotonicClock::now() - begun, std::chrono::seconds(5));
}

TEST(QuestionOfAnotherFile, says_that_it_is_no_database) {
  const StoreFolder folder;
  std::ofstream(folder.path()) << "Dear diary";
  const auto question = Question::open(folder.path(), std::chrono::seconds(1));
  ASSERT_FALSE(question.has_value());
  EXPECT_EQ(question.error().message, folder.path() + ": this is no database, or one whose begin is damaged");
}

TEST(QuestionOfNothing, is_refused_and_makes_no_file) {
  const StoreFolder folder;
  const auto question = Question::open(folder.path(), std::chrono::seconds(1));
  ASSERT_FALSE(question.has_value());
  EXPECT_EQ(question.error().code, core::ErrorCode::not_found);
  EXPECT_EQ(question.error().message, folder.path() + ": there is no store; give another by --store FILE");
  EXPECT_FALSE(std::filesystem::exists(folder.path()));
}

}  // namespace
}  // namespace uncork::sink
