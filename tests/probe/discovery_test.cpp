// What is read of /proc about namespaces: counts, mounts, and who holds which.

#include "probe/namespaces/discovery.hpp"
#include "probe/namespaces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "probe/enrich/container_id.hpp"
#include "probe/namespaces/enter.hpp"
#include "probe/namespaces/sockstat.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kSockstat =
    "sockets: used 214\n"
    "TCP: inuse 7 orphan 2 tw 3 alloc 12 mem 5\n"
    "UDP: inuse 2 mem 0\n"
    "UDPLITE: inuse 0\n"
    "RAW: inuse 0\n"
    "FRAG: inuse 0 memory 0\n";
constexpr const char* kSockstat6 = "TCP6: inuse 4\nUDP6: inuse 1\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n";

TEST(Sockstat, counts_both_families_and_time_wait) {
  EXPECT_EQ(parse_sockstat(kSockstat, kSockstat6), (SocketCount{7, 4, 3}));
  EXPECT_EQ(parse_sockstat(kSockstat, kSockstat6)->total(), 14U);
  EXPECT_EQ(parse_sockstat(kSockstat, ""), (SocketCount{7, 0, 3})) << "a kernel without IPv6 has no second file";
  EXPECT_EQ(parse_sockstat("TCP: inuse 7 tw 3", ""), (SocketCount{7, 0, 3})) << "without a last line's end";
}

TEST(Sockstat, makes_nothing_up) {
  for (const char* text : {"", "TCP", "TCP: tw 3\n", "TCP: inuse 7\n", "TCP: inuse x tw 3\n", "TCP: inuse  tw 3\n",
                           "UDP: inuse 7 tw 3\n", "XTCP: inuse 7 tw 3\n", "TCP: inuse 99999999999999999999 tw 3\n"}) {
    EXPECT_EQ(parse_sockstat(text, kSockstat6), std::nullopt) << text;
  }
  EXPECT_EQ(parse_sockstat(kSockstat, "TCP6:\n"), std::nullopt);
  EXPECT_EQ(parse_sockstat(kSockstat, "UDP6: inuse 1\n"), std::nullopt);
}

TEST(Sockstat, counts_here_at_least_nothing) { EXPECT_TRUE(count_sockets()) << count_sockets().error().message; }

TEST(Mountinfo, names_the_namespaces_among_the_mounts) {
  const auto mounts = mounted_namespaces(
      "22 28 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
      "340 25 0:4 net:[4026532281] /run/netns/blue rw shared:157 - nsfs nsfs rw\n"
      "341 25 0:4 mnt:[4026532282] /run/mnt/blue rw - nsfs nsfs rw\n"
      "342 25 0:4 net:[4026532283] /run/a\\040b\\011c\\134d rw - nsfs nsfs rw");
  EXPECT_THAT(mounts,
              ElementsAre(MountedNamespace{4026532281, "/run/netns/blue"}, MountedNamespace{4026532283, "/run/a b\tc\\d"}));
}

TEST(Mountinfo, passes_over_what_is_no_mount) {
  for (const char* text : {"", "\n\n", "340", "340 25 0:4", "340 25 0:4 net:[x] /run/x rw", "340 25 0:4 net:[] /x rw",
                           "340 25 0:4 net:[18446744073709551616] /x rw", "340 25 0:4 net:[12 /x rw"}) {
    EXPECT_THAT(mounted_namespaces(text), IsEmpty()) << text;
  }
  EXPECT_THAT(mounted_namespaces("1 2 0:4 net:[7]"), ElementsAre(MountedNamespace{7, ""})) << "cut off";
  EXPECT_THAT(mounted_namespaces("1 2 0:4 net:[7] /a\\04"), ElementsAre(MountedNamespace{7, "/a\\04"}));
}

const std::string kId(64, 'a');

/// A /proc of our own.
class Discovery : public ::testing::Test {
 protected:
  Discovery() {
    std::filesystem::create_directories(proc() + "/self/ns");
    write("self/ns/net", "");
  }
  ~Discovery() override { std::filesystem::remove_all(proc()); }

  static std::string proc() {
    return (std::filesystem::temp_directory_path() / ("uncork-proc-" + std::to_string(::getpid()))).string();
  }
  static void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(proc() + "/" + path).parent_path());
    std::ofstream(proc() + "/" + path) << text;
  }
  static void link(const std::string& path, const std::string& target) {
    std::filesystem::create_directories(std::filesystem::path(proc() + "/" + path).parent_path());
    std::filesystem::create_symlink(target, proc() + "/" + path);
  }
  static FoundNamespaces found(bool descriptors = true) {
    const auto spaces = find_namespaces({.folders = {}, .proc = proc(), .descriptors = descriptors});
    EXPECT_TRUE(spaces) << spaces.error().message;
    return spaces.value_or(FoundNamespaces{});
  }
};

TEST_F(Discovery, finds_the_namespaces_of_processes_and_of_their_descriptors) {
  link("20/ns/net", "net:[100]");
  link("7/ns/net", "net:[100]");
  link("7/fd/3", "net:[200]");
  link("7/fd/4", "/dev/null");
  link("7/fd/5", "socket:[300]");
  link("7/fd/6", "mnt:[400]");
  link("other/ns/net", "net:[500]");
  const auto spaces = found();
  ASSERT_EQ(spaces.by_inode.size(), 2U);
  EXPECT_EQ(spaces.by_inode.at(100).name, "net:[100]");
  EXPECT_EQ(spaces.by_inode.at(100).paths.size(), 2U);
  EXPECT_EQ(spaces.by_inode.at(200).paths, std::vector<std::string>{proc() + "/7/fd/3"});
  EXPECT_EQ(spaces.by_inode.at(200).pid, 0);
  EXPECT_EQ(spaces.refused, 0U);
  EXPECT_EQ(found(false).by_inode.size(), 1U) << "passed over";
}

TEST_F(Discovery, counts_a_process_that_may_not_be_looked_into_and_none_that_is_gone) {
  link("7/ns/net", "net:[100]");
  link("8/ns/net", "net:[200]");
  std::filesystem::permissions(proc() + "/8/ns", std::filesystem::perms::none);
  std::filesystem::create_directories(proc() + "/9");  // no more than its number is left
  const std::string answer = testing::as_nobody([proc = proc()]() -> std::string {
    const auto spaces = find_namespaces({.folders = {}, .proc = proc});
    if (!spaces) return spaces.error().message;
    return std::to_string(spaces->by_inode.size()) + " found, " + std::to_string(spaces->refused) + " refused";
  });
  std::filesystem::permissions(proc() + "/8/ns", std::filesystem::perms::owner_all);
  EXPECT_EQ(answer, "1 found, 1 refused");
}

TEST_F(Discovery, calls_a_namespace_by_its_mount_else_its_container_else_its_inode) {
  write("self/mountinfo",
        "340 25 0:4 net:[100] /run/netns/blue rw - nsfs nsfs rw\n341 25 0:4 net:[100] /run/netns/azure rw - nsfs nsfs rw\n");
  for (const auto& [pid, inode] : {std::pair("7", "100"), std::pair("8", "200"), std::pair("9", "300")}) {
    link(std::string(pid) + "/ns/net", "net:[" + std::string(inode) + "]");
  }
  write("7/cgroup", "0::/docker/" + kId + "\n");
  write("8/cgroup", "0::/docker/" + kId + "\n");
  write("9/cgroup", "0::/init.scope\n");
  const auto spaces = found();
  EXPECT_EQ(spaces.by_inode.at(100).name, "blue");
  EXPECT_THAT(spaces.by_inode.at(100).aliases, ElementsAre("azure"));
  EXPECT_EQ(spaces.by_inode.at(100).container.id, kId);
  EXPECT_EQ(spaces.by_inode.at(200).name, kId);
  EXPECT_EQ(spaces.by_inode.at(200).container.runtime, "docker");
  EXPECT_EQ(spaces.by_inode.at(300).name, "net:[300]");
}

/// The kernel writes the list of mounts piece by piece: an inode may have become another's between two lines.
TEST_F(Discovery, takes_no_name_from_a_mount_that_has_gone_while_another_leads_there) {
  const std::string inode = std::to_string(own_namespace().value());
  write("self/mountinfo", "340 25 0:4 net:[" + inode + "] /run/netns/uncork-gone rw - nsfs nsfs rw\n341 25 0:4 net:[" + inode +
                              "] /proc/self/ns/net rw - nsfs nsfs rw\n");
  const auto spaces = found();
  ASSERT_EQ(spaces.by_inode.size(), 1U);
  const FoundNamespace& space = spaces.by_inode.begin()->second;
  EXPECT_EQ(space.name, "net");
  EXPECT_THAT(space.aliases, IsEmpty());
  EXPECT_THAT(space.paths, ElementsAre("/proc/self/ns/net"));
  EXPECT_EQ(space.mounts, 1U);
}

TEST_F(Discovery, keeps_a_few_of_many_paths) {
  for (int pid = 1; pid <= 50; ++pid) link(std::to_string(pid) + "/ns/net", "net:[100]");
  EXPECT_LE(found().by_inode.at(100).paths.size(), 10U);
}

TEST_F(Discovery, says_that_there_is_no_proc) {
  const auto spaces = find_namespaces({.folders = {}, .proc = proc() + "/none"});
  ASSERT_FALSE(spaces);
  EXPECT_THAT(spaces.error().message, ::testing::HasSubstr(proc() + "/none"));
}

TEST(Enter, takes_no_other_file_for_a_namespace) {
  FoundNamespace space;
  space.inode = 1;
  space.name = "blue";
  space.paths = {"/proc/self/exe", "/nonexistent", "/proc/self/ns/mnt", "/proc/self/ns/net"};
  EXPECT_FALSE(still_leads_to(space));
  const auto opened = open_namespace(space);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, core::ErrorCode::not_found);
  EXPECT_EQ(opened.error().message, "network namespace 'blue' is gone");
}

TEST(Enter, takes_no_other_descriptor_for_a_socket) {
  FoundNamespace space;
  space.inode = 1;
  space.name = "blue";
  for (const int fd : {0, 9999}) {
    space.socket = HeldSocket{::getpid(), fd};
    EXPECT_FALSE(open_namespace(space));
  }
}

}  // namespace
}  // namespace uncork::probe
