#include "sink/store/place.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/cure/scratch_directory.hpp"

namespace uncork::sink {
namespace {

TEST(Place, of_root_is_the_machines) { EXPECT_EQ(store_path("/x", "/root", 0), "/var/lib/uncork/store.db"); }

TEST(Place, of_others_is_their_state_folder) {
  EXPECT_EQ(store_path("/state", "/home/a", 1000), "/state/uncork/store.db");
  EXPECT_EQ(store_path(nullptr, "/home/a", 1000), "/home/a/.local/state/uncork/store.db");
  EXPECT_EQ(store_path("relative", "/home/a", 1000), "/home/a/.local/state/uncork/store.db");
}

TEST(Place, is_made_for_this_user_alone) {
  const cure::testing::ScratchDirectory folder;
  const std::string path = folder.path() + "/a/b/store.db";
  ASSERT_TRUE(make_folder_of(path).has_value());
  ASSERT_TRUE(make_folder_of(path).has_value()) << "again";
  struct stat made{};
  ASSERT_EQ(::stat((folder.path() + "/a/b").c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777U, 0700U);
}

}  // namespace
}  // namespace uncork::sink
