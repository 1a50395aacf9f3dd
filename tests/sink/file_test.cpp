#include "sink/store/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/cure/scratch_directory.hpp"

namespace uncork::sink {
namespace {

using ::testing::HasSubstr;
using Content = WriterLock::Content;

struct StoreFile : ::testing::Test {
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
  [[nodiscard]] Content content() const {
    const auto lock = WriterLock::take(path_);
    return lock ? lock->content().value_or(Content::foreign) : Content::foreign;
  }

  cure::testing::ScratchDirectory folder_;
  std::string path_ = folder_.path() + "/store.db";
};

TEST_F(StoreFile, is_told_by_its_first_bytes) {
  EXPECT_EQ(content(), Content::nothing) << "just made";
  write("SQLite format 3" + std::string(200, '\0'));
  EXPECT_EQ(content(), Content::database);
  write(std::string(4096, '\0'));
  EXPECT_EQ(content(), Content::damaged);
  write(std::string(68, 'x') + "unck" + std::string(100, 'x'));
  EXPECT_EQ(content(), Content::damaged);
  write("Dear diary, " + std::string(200, '.'));
  EXPECT_EQ(content(), Content::foreign);
  write("short");
  EXPECT_EQ(content(), Content::foreign);
}

TEST_F(StoreFile, is_locked_by_one) {
  auto lock = WriterLock::take(path_);
  ASSERT_TRUE(lock.has_value());
  const auto second = WriterLock::take(path_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().system_errno, EBUSY);
  lock = core::fail(second.error());
  EXPECT_TRUE(WriterLock::take(path_).has_value());
}

TEST_F(StoreFile, in_a_folder_that_is_not_there_is_refused_with_its_name) {
  const auto lock = WriterLock::take(folder_.path() + "/none/store.db");
  ASSERT_FALSE(lock.has_value());
  EXPECT_EQ(lock.error().code, core::ErrorCode::not_found);
  EXPECT_THAT(lock.error().message, HasSubstr("there is no folder " + folder_.path() + "/none"));
}

TEST_F(StoreFile, moved_aside_keeps_what_is_beside_it_and_what_was_moved_before) {
  write("first");
  std::ofstream(path_ + "-wal") << "log";
  const auto first = move_aside(path_);
  ASSERT_TRUE(first.has_value());
  EXPECT_THAT(*first, HasSubstr("store.db.damaged-2"));
  EXPECT_TRUE(std::filesystem::exists(*first + "-wal"));
  write("second");
  const auto second = move_aside(path_);
  ASSERT_TRUE(second.has_value());
  EXPECT_NE(*first, *second);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace uncork::sink
