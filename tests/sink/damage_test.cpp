// A damaged file: what it was is kept under another name, and collecting goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using ::testing::HasSubstr;
using testing::some_poll;
using testing::StoreFolder;

void fill(const StoreFolder& folder) {
  const auto store = folder.open();
  for (std::uint64_t i = 1; i <= 5; ++i) ASSERT_TRUE(store->add(some_poll(i, 100).view()).has_value());
}

/// Writes `bytes` over what the file has from `at` on.
void spoil(const StoreFolder& folder, std::streamoff at, const std::string& bytes) {
  std::fstream file(folder.path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file << bytes;
}

std::vector<std::string> damaged_files(const StoreFolder& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder.folder().path())) {
    if (entry.path().string().find(".damaged-") != std::string::npos) found.push_back(entry.path().string());
  }
  return found;
}

void expect_a_new_store_that_works(const StoreFolder& folder, Store& store) {
  EXPECT_EQ(store.add(some_poll(6).view()), Store::Added::now);
  const auto notice = store.take_notice();
  ASSERT_TRUE(notice.has_value());
  EXPECT_THAT(*notice, HasSubstr("it was moved to " + folder.path() + ".damaged-"));
  EXPECT_THAT(*notice, HasSubstr("a new store begun"));
  EXPECT_FALSE(store.take_notice().has_value()) << "told once";
  EXPECT_EQ(folder.number("SELECT count(*) FROM polls"), 1);
  EXPECT_FALSE(damaged_files(folder).empty());
  EXPECT_TRUE(folder.is_sound());
}

TEST(DamagedStore, whose_begin_is_zeros_is_moved_aside) {
  const StoreFolder folder;
  fill(folder);
  spoil(folder, 0, std::string(4096, '\0'));
  const auto store = folder.open();
  expect_a_new_store_that_works(folder, *store);
}

TEST(DamagedStore, whose_schema_is_noise_is_moved_aside) {
  const StoreFolder folder;
  fill(folder);
  spoil(folder, 100, std::string(2000, '\x5a'));
  const auto store = folder.open();
  expect_a_new_store_that_works(folder, *store);
}

TEST(DamagedStore, that_is_found_out_by_a_write_is_moved_aside_and_the_poll_is_not_lost) {
  const StoreFolder folder;
  fill(folder);
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(folder.path()));
  for (std::streamoff page = 4 * 4096; page < size; page += 4096) spoil(folder, page, std::string(4096, '\x5a'));
  const auto store = folder.open();
  expect_a_new_store_that_works(folder, *store);
}

TEST(DamagedStore, that_was_never_one_is_left_alone) {
  const StoreFolder folder;
  std::ofstream(folder.path()) << "Dear diary";
  const auto store = Store::open({folder.path(), {}});
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, core::ErrorCode::invalid_argument);
  EXPECT_THAT(store.error().message, HasSubstr("this file is not a store of uncork's"));
  EXPECT_EQ(std::filesystem::file_size(folder.path()), 10U);
  EXPECT_TRUE(damaged_files(folder).empty());
}

}  // namespace
}  // namespace uncork::sink
