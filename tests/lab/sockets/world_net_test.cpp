// Named namespaces with sockets, in a folder of the test's own.

#include "lab/sockets/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/cure/scratch_directory.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

std::string numbered(unsigned number) { return "uncork-" + std::to_string(::getpid()) + "-" + std::to_string(number); }

class WorldTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root to make network namespaces");
  }
  cure::testing::ScratchDirectory folder_;
};

TEST_F(WorldTest, makes_as_many_sockets_as_asked_for_and_leaves_no_name) {
  {
    auto world = World::open(folder_.path());
    ASSERT_TRUE(world) << world.error().message;
    const auto space = (*world)->make(Lasting::yes, 20);
    ASSERT_TRUE(space) << space.error().message;
    EXPECT_EQ((*world)->truth().standing(), 20U);
    const auto few = (*world)->make(Lasting::no, 2);
    ASSERT_TRUE(few) << few.error().message;
    EXPECT_EQ((*world)->truth().standing(), 22U);
    EXPECT_THAT(names_in(folder_.path()), UnorderedElementsAre(numbered(1), numbered(2)));
  }
  EXPECT_THAT(names_in(folder_.path()), IsEmpty());
}

TEST_F(WorldTest, a_name_that_is_taken_stays_its_owners) {
  std::ofstream(folder_.path() + "/" + numbered(1)) << "mine";
  {
    auto world = World::open(folder_.path());
    ASSERT_TRUE(world) << world.error().message;
    const auto space = (*world)->make(Lasting::yes, 1);
    ASSERT_TRUE(space) << space.error().message;
    EXPECT_EQ(space->name(), numbered(2));
    const auto same = (*world)->make(Lasting::yes, 1, numbered(2));
    ASSERT_TRUE(same) << same.error().message;
    EXPECT_EQ(same->name(), numbered(4));
  }
  EXPECT_THAT(names_in(folder_.path()), UnorderedElementsAre(numbered(1)));
  std::string text;
  std::ifstream(folder_.path() + "/" + numbered(1)) >> text;
  EXPECT_EQ(text, "mine");
}

TEST_F(WorldTest, nothing_is_left_when_its_process_is_killed) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto world = World::open(folder_.path());
    if (!world) ::_exit(1);
    const auto spaces = (*world)->make_many(3, Lasting::yes, 5, [](std::size_t) { return true; });
    if (!spaces || names_in(folder_.path()).size() != 3) ::_exit(2);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  // The janitor outlives it for as long as it takes.
  for (int tries = 0; tries < 2000 && !names_in(folder_.path()).empty(); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_THAT(names_in(folder_.path()), IsEmpty());
}

TEST_F(WorldTest, tells_of_what_closes) {
  auto world = World::open(folder_.path());
  ASSERT_TRUE(world) << world.error().message;
  auto space = (*world)->make(Lasting::yes, 7);
  ASSERT_TRUE(space) << space.error().message;
  ASSERT_TRUE(space->connect(Family::mapped, (*world)->truth()));
  EXPECT_EQ((*world)->truth().standing(), 9U);
  space->close_newest(Ending::aborted, (*world)->truth());
  space->close_oldest(Ending::in_order, (*world)->truth());
  EXPECT_EQ((*world)->truth().standing(), 5U);
  space->close_all((*world)->truth());
  EXPECT_EQ((*world)->truth().standing(), 0U);
  space->unmount();
  EXPECT_THAT(names_in(folder_.path()), IsEmpty());
}

TEST(World, without_root_says_what_to_do) {
  const std::string outcome = probe::testing::as_nobody([]() -> std::string {
    const auto world = World::open("/nonexistent");
    if (world) return "made";
    return world.error().code == core::ErrorCode::not_permitted && world.error().message.find("sudo") != std::string::npos
               ? ""
               : world.error().message;
  });
  EXPECT_EQ(outcome, "");
}

}  // namespace
}  // namespace uncork::lab
