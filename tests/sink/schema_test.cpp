#include "sink/store/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sink/store/reader.hpp"
#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using ::testing::HasSubstr;
using testing::some_poll;
using testing::StoreFolder;

/// As another program would, behind the store's back.
void change(const StoreFolder& folder, const std::string& sql) {
  auto database = Database::open(folder.path(), Access::write);
  ASSERT_TRUE(database.has_value());
  const auto done = database->execute(sql);
  ASSERT_TRUE(done.has_value()) << done.error().message;
}

TEST(Schema, says_whose_it_is_and_how_far) {
  const StoreFolder folder;
  const auto store = folder.open();
  EXPECT_EQ(folder.number("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(folder.number("PRAGMA user_version"), kSchemaVersion);
  EXPECT_EQ(folder.number("PRAGMA auto_vacuum"), 2) << "incremental";
}

TEST(Schema, a_field_that_a_store_has_not_becomes_a_column_and_old_rows_do_not_know_it) {
  const StoreFolder folder;
  ASSERT_TRUE(folder.open()->add(some_poll(1).view()).has_value());
  change(folder,
         "DROP VIEW closes; DROP VIEW minutes; DROP VIEW hours; DROP VIEW peer_minutes; DROP VIEW peer_hours;"
         "DROP VIEW process_minutes; DROP VIEW process_hours; DROP VIEW polled_services;"
         "ALTER TABLE rows DROP COLUMN tcp_info_rtt; ALTER TABLE rollups DROP COLUMN late_cork_us");
  const auto older = Reader::open(folder.path());
  ASSERT_FALSE(older.has_value());
  EXPECT_THAT(older.error().message, HasSubstr("an older uncork made this store"));
  const auto store = folder.open();
  ASSERT_TRUE(store->add(some_poll(2).view()).has_value());
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows"), 6);
  EXPECT_EQ(folder.number("SELECT count(tcp_info_rtt) FROM rows"), 3);
  EXPECT_EQ(folder.number("SELECT count(*) FROM closes"), 0);
  EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM minutes WHERE late_cork_us = 0"), 8);
  EXPECT_TRUE(Reader::open(folder.path()).has_value());
}

TEST(Schema, a_column_that_we_do_not_know_is_left_alone) {
  const StoreFolder folder;
  static_cast<void>(folder.open());
  change(folder, "ALTER TABLE rows ADD COLUMN of_the_future INTEGER DEFAULT 7");
  ASSERT_TRUE(folder.open()->add(some_poll(1).view()).has_value());
  EXPECT_EQ(folder.number("SELECT sum(of_the_future) FROM rows"), 21);
}

TEST(Schema, a_newer_store_is_refused_and_stays_as_it_is) {
  const StoreFolder folder;
  ASSERT_TRUE(folder.open()->add(some_poll(1).view()).has_value());
  change(folder, "PRAGMA user_version = 99");
  const auto store = Store::open({folder.path(), {}});
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, core::ErrorCode::not_supported);
  EXPECT_THAT(store.error().message, HasSubstr("a newer uncork made this store (version 99 of its tables; this one knows 1)"));
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows"), 3);
}

TEST(Schema, the_database_of_another_program_is_refused_and_stays_as_it_is) {
  const StoreFolder folder;
  change(folder, "CREATE TABLE bookmarks(url TEXT); INSERT INTO bookmarks VALUES('x')");
  const auto store = Store::open({folder.path(), {}});
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, core::ErrorCode::invalid_argument);
  EXPECT_THAT(store.error().message, HasSubstr("the database of another program"));
  EXPECT_EQ(folder.number("SELECT count(*) FROM bookmarks"), 1);
  EXPECT_EQ(folder.number("SELECT count(*) FROM sqlite_schema"), 1);
}

}  // namespace
}  // namespace uncork::sink
