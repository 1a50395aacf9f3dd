#include "cure/state_directory.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/syscall.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::cure {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kBoot = "7c1f2f0e-5a4e-4b86-9f0c-2f4b1f6f8a11";

class StateDirectoryTest : public ::testing::Test {
 protected:
  [[nodiscard]] StateDirectory open() const {
    auto opened = StateDirectory::open(scratch_.states());
    if (!opened) ADD_FAILURE() << opened.error().message;
    return std::move(*opened);
  }
  [[nodiscard]] std::string file() const { return scratch_.states() + "/cure-4242"; }
  void write(const std::string& text) const {
    std::ofstream(file()) << text;
    ::chmod(file().c_str(), 0600);
  }
  [[nodiscard]] std::string load_error() const {
    const auto loaded = open().load(4242);
    return loaded ? "loaded" : loaded.error().message;
  }

  testing::ScratchDirectory scratch_;
  const CureState state_{{kBoot, 4242, 981723}, {{77, 1}}};
};

TEST_F(StateDirectoryTest, gives_back_what_was_saved_and_nothing_before_or_after) {
  const auto states = open();
  ASSERT_TRUE(states.load(4242).has_value());
  EXPECT_FALSE(states.load(4242)->has_value());
  ASSERT_TRUE(states.save(state_).has_value());
  EXPECT_EQ(states.load(4242)->value(), state_);
  ASSERT_TRUE(states.remove(4242).has_value());
  EXPECT_FALSE(states.load(4242)->has_value());
  EXPECT_TRUE(states.remove(4242).has_value()) << "removing what is not there is no error";
}

TEST_F(StateDirectoryTest, is_private_and_leaves_nothing_beside_the_state) {
  const auto states = open();
  ASSERT_TRUE(states.save(state_).has_value());
  ASSERT_TRUE(states.save(state_).has_value());
  struct stat status{};
  ASSERT_EQ(::stat(scratch_.states().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  const std::filesystem::directory_iterator files(scratch_.states());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(StateDirectoryTest, saves_over_what_a_killed_uncork_left) {
  const auto states = open();
  std::ofstream(file() + ".new") << "half a fi";
  ASSERT_TRUE(states.save(state_).has_value());
  EXPECT_EQ(states.load(4242)->value(), state_);
}

TEST_F(StateDirectoryTest, replaces_a_symbolic_link_instead_of_writing_through_it) {
  const auto states = open();
  const std::string victim = scratch_.path() + "/victim";
  std::ofstream(victim) << "precious";
  std::filesystem::create_symlink(victim, file());
  std::filesystem::create_symlink(victim, file() + ".new");
  EXPECT_THAT(load_error(), AllOf(HasSubstr(file()), HasSubstr("symbolic link")));
  ASSERT_TRUE(states.save(state_).has_value());
  std::string text;
  std::ifstream(victim) >> text;
  EXPECT_EQ(text, "precious");
  EXPECT_EQ(states.load(4242)->value(), state_);
}

TEST_F(StateDirectoryTest, refuses_a_link_in_place_of_the_directory) {
  std::filesystem::create_directory(scratch_.path() + "/elsewhere");
  std::filesystem::create_directory_symlink(scratch_.path() + "/elsewhere", scratch_.states());
  const auto opened = StateDirectory::open(scratch_.states());
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().message, AllOf(HasSubstr(scratch_.states()), HasSubstr("not a directory")));
}

TEST_F(StateDirectoryTest, refuses_a_directory_open_to_others) {
  std::filesystem::create_directory(scratch_.states());
  ::chmod(scratch_.states().c_str(), 0755);
  const auto opened = StateDirectory::open(scratch_.states());
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().message, HasSubstr("chmod 700"));
}

TEST_F(StateDirectoryTest, refuses_a_directory_of_somebody_else) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  std::filesystem::create_directory(scratch_.states());
  ASSERT_EQ(::chown(scratch_.states().c_str(), 65534, 65534), 0);
  const auto opened = StateDirectory::open(scratch_.states());
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().message, HasSubstr("belongs to uid 65534, not to uid 0"));
}

TEST_F(StateDirectoryTest, names_a_corrupt_file_its_line_and_the_way_out) {
  static_cast<void>(open());
  write("uncork-cure 1\nboot what?\n");
  EXPECT_THAT(load_error(), AllOf(HasSubstr(file()), HasSubstr("corrupt"), HasSubstr("line 2"), HasSubstr("remove the file")));
}

TEST_F(StateDirectoryTest, refuses_a_state_of_another_process_under_this_name) {
  static_cast<void>(open());
  write(serialize({{kBoot, 7, 981723}, {}}));
  EXPECT_THAT(load_error(), HasSubstr("is about process 7"));
}

TEST_F(StateDirectoryTest, refuses_a_file_that_others_can_write) {
  static_cast<void>(open());
  write(serialize(state_));
  ::chmod(file().c_str(), 0666);
  EXPECT_THAT(load_error(), HasSubstr("not a private file"));
}

TEST_F(StateDirectoryTest, is_not_kept_waiting_by_a_fifo) {
  static_cast<void>(open());
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_THAT(load_error(), HasSubstr("not a private file"));
}

TEST_F(StateDirectoryTest, is_locked_until_the_lock_closes) {
  const auto states = open();
  const auto other = core::open_file(scratch_.states(), O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(other.has_value());
  {
    const auto lock = states.lock();
    ASSERT_TRUE(lock.has_value());
    EXPECT_EQ(::flock(other->get(), LOCK_SH | LOCK_NB), -1) << "exclusive: even a shared lock is refused";
    EXPECT_EQ(errno, EWOULDBLOCK);
  }
  EXPECT_EQ(::flock(other->get(), LOCK_EX | LOCK_NB), 0);
}

TEST(StateDirectoryPath, is_the_users_runtime_directory_when_that_is_the_users) {
  const testing::ScratchDirectory scratch;
  EXPECT_EQ(state_directory_path(scratch.path().c_str(), ::geteuid()), scratch.path() + "/uncork");
}

TEST(StateDirectoryPath, ignores_a_runtime_directory_that_others_could_tamper_with) {
  const testing::ScratchDirectory scratch;
  EXPECT_EQ(state_directory_path(scratch.path().c_str(), ::geteuid() + 1), "/tmp/uncork-" + std::to_string(::geteuid() + 1));
  ::chmod(scratch.path().c_str(), 0777);
  EXPECT_EQ(state_directory_path(scratch.path().c_str(), 0), "/run/uncork");
  EXPECT_EQ(state_directory_path("relative", 0), "/run/uncork");
  EXPECT_EQ(state_directory_path("", 1000), "/tmp/uncork-1000");
  EXPECT_EQ(state_directory_path(nullptr, 1000), "/tmp/uncork-1000");
}

}  // namespace
}  // namespace uncork::cure
