#include "sink/store/store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "sink/store/reader.hpp"
#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using testing::some_poll;
using testing::StoreFolder;

TEST(Store, keeps_what_each_poll_saw) {
  const StoreFolder folder;
  const auto store = folder.open();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto poll = some_poll(i);
    EXPECT_EQ(store->add(poll.view()), Store::Added::now);
  }
  EXPECT_EQ(folder.number("SELECT count(*) FROM polls"), 3);
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows"), 9);
  EXPECT_EQ(folder.number("SELECT sum(row_count) FROM polls"), 9);
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows r JOIN polls p ON r.id >= p.first_row AND r.id < p.first_row + p.row_count "
                          "WHERE r.poll = p.id"),
            9);
  EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM polled_services"), 12);
  EXPECT_FALSE(store->take_notice().has_value());
}

TEST(Store, stores_a_poll_once_however_often_it_is_given) {
  const StoreFolder folder;
  const auto store = folder.open();
  const auto poll = some_poll(1);
  EXPECT_EQ(store->add(poll.view()), Store::Added::now);
  EXPECT_EQ(store->add(poll.view()), Store::Added::before);
  Poll of_another_boot = poll.view();
  of_another_boot.boot_id = "another";
  EXPECT_EQ(store->add(of_another_boot), Store::Added::now);
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows"), 6);
  EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM minutes"), 8);
}

TEST(Store, goes_on_where_it_ended) {
  const StoreFolder folder;
  {
    const auto store = folder.open();
    for (std::uint64_t i = 1; i <= 2; ++i) ASSERT_TRUE(store->add(some_poll(i).view()).has_value());
  }
  const auto store = folder.open();
  EXPECT_EQ(store->last_sequence(testing::kBoot), 2U);
  EXPECT_EQ(store->last_sequence("another"), 0U);
  EXPECT_EQ(store->add(some_poll(2).view()), Store::Added::before);
  EXPECT_EQ(store->add(some_poll(3).view()), Store::Added::now);
  EXPECT_EQ(folder.number("SELECT max(id) FROM rows"), 9);
  EXPECT_EQ(folder.number("SELECT count(*) FROM services"), 1);
}

TEST(Store, keeps_the_ends_of_connections_where_they_are_found_at_once) {
  const StoreFolder folder;
  const auto store = folder.open();
  auto poll = some_poll(1);
  poll.rows[1].last_row = true;
  poll.rows[1].row_kind = record::RowKind::closed;
  ASSERT_TRUE(store->add(poll.view()).has_value());
  EXPECT_EQ(folder.number("SELECT count(*) FROM closes WHERE row_kind = 1"), 1);
}

TEST(Store, is_for_its_user_alone) {
  const StoreFolder folder;
  const auto store = folder.open();
  struct stat file{};
  ASSERT_EQ(::stat(folder.path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((folder.path() + "-wal").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
}

TEST(Store, is_asked_while_it_is_written) {
  const StoreFolder folder;
  const auto store = folder.open();
  ASSERT_TRUE(store->add(some_poll(1).view()).has_value());
  auto database = open_to_read(folder.path());
  ASSERT_TRUE(database.has_value());
  auto question = database->prepare("SELECT id FROM rows ORDER BY id");
  ASSERT_TRUE(question->step().value_or(false));  // and the question stays open
  ASSERT_TRUE(store->add(some_poll(2).view()).has_value());
  int more = 0;
  while (question->step().value_or(false)) ++more;
  EXPECT_EQ(more, 2) << "one state from its begin to its end";
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows"), 6);
}

TEST(Store, has_one_writer) {
  const StoreFolder folder;
  const auto store = folder.open();
  const auto second = Store::open({folder.path(), {}});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().system_errno, EBUSY);
  EXPECT_EQ(second.error().message, folder.path() + ": another uncork writes into this store");
}

}  // namespace
}  // namespace uncork::sink
