#include "probe/namespaces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryNamespace;

std::string scratch() {
  return (std::filesystem::temp_directory_path() / ("uncork-netns-" + std::to_string(::getpid()))).string();
}

TEST(Namespaces, calls_a_namespace_without_a_name_by_its_inode) {
  NamespaceNames names(scratch() + "-none");
  EXPECT_EQ(names.name_of(4026531840), "net:[4026531840]");
  EXPECT_EQ(names.name_of(std::string("net:[4026531840]")), "net:[4026531840]");
  for (const char* odd : {"", "blue", "net:[12", "net:[x]", "net:[]", "mnt:[12]"})
    EXPECT_EQ(names.name_of(std::string(odd)), odd);
}

TEST(Namespaces, knows_its_own) {
  struct stat ours{};
  ASSERT_EQ(::stat("/proc/self/ns/net", &ours), 0);
  const auto inode = own_namespace();
  ASSERT_TRUE(inode) << inode.error().message;
  EXPECT_EQ(*inode, ours.st_ino);
}

TEST(Namespaces, refuses_what_cannot_be_a_name) {
  for (const std::string_view name :
       {std::string_view(""), std::string_view("."), std::string_view(".."), std::string_view("a/b"),
        std::string_view("../../proc/1/ns/net"), std::string_view("a\0b", 3)}) {
    const auto inode = namespace_named(name);
    ASSERT_FALSE(inode);
    EXPECT_EQ(inode.error().code, core::ErrorCode::invalid_argument);
    EXPECT_EQ(with_namespace(name, [] { return core::Status{}; }).error().code, core::ErrorCode::invalid_argument);
  }
}

TEST(Namespaces, does_not_run_a_task_in_a_namespace_that_is_not_there) {
  bool ran = false;
  const auto status = with_namespace(
      "green",
      [&] {
        ran = true;
        return core::Status{};
      },
      scratch() + "-none");
  ASSERT_FALSE(status);
  EXPECT_FALSE(ran);
  EXPECT_EQ(status.error().code, core::ErrorCode::not_found);
  EXPECT_THAT(status.error().message, HasSubstr("'green'"));
  EXPECT_THAT(status.error().message, HasSubstr("ip netns add"));
}

TEST(Namespaces, runs_a_task_inside_and_leaves_the_caller_outside) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  const TemporaryNamespace blue(scratch());
  ASSERT_EQ(blue.trouble(), "");
  const auto outside = own_namespace();
  const auto named = namespace_named(blue.name(), blue.directory());
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_NE(*named, *outside);
  core::Result<std::uint64_t> inside = 0;
  const auto status = with_namespace(
      blue.name(),
      [&]() -> core::Status {
        inside = own_namespace();
        return core::fail(core::invalid_argument("what the task says"));
      },
      blue.directory());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "what the task says");
  EXPECT_EQ(*inside, *named);
  EXPECT_EQ(*own_namespace(), *outside);

  NamespaceNames names(blue.directory());
  EXPECT_EQ(names.name_of(*named), blue.name());
  EXPECT_EQ(names.name_of(anonymous_name(*named)), blue.name());
  EXPECT_EQ(names.name_of(*outside), anonymous_name(*outside));

  const auto other = namespace_named("green", blue.directory());
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("there are: " + blue.name()));
}

TEST(Namespaces, says_which_right_is_missing) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  const TemporaryNamespace blue(scratch());
  ASSERT_EQ(blue.trouble(), "");
  EXPECT_EQ(testing::as_nobody([&]() -> std::string {
              const auto status = with_namespace(blue.name(), [] { return core::Status{}; }, blue.directory());
              if (status) return "a user without rights entered it";
              if (status.error().code != core::ErrorCode::not_permitted) return status.error().message;
              return status.error().message.find("root") == std::string::npos ? status.error().message : "";
            }),
            "");
}

TEST(Namespaces, says_that_a_file_is_no_namespace) {
  const std::string directory = scratch() + "-files";
  std::filesystem::create_directories(directory + "/stale");
  const auto status = with_namespace("stale", [] { return core::Status{}; }, directory);
  std::filesystem::remove_all(directory);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("'stale'"));
}

}  // namespace
}  // namespace uncork::probe
