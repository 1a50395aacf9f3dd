#include "probe/enrich/enricher.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

#include "probe/enrich/uplinks.hpp"
#include "tests/probe/enrich/fake_daemon.hpp"

namespace uncork::probe {
namespace {

namespace fs = std::filesystem;

/// A folder of ours, gone with this object.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("uncork-enrich-" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::uint64_t make(const std::string& name) const {
    fs::create_directories(path_ / name);
    struct stat found{};
    ::stat((path_ / name).c_str(), &found);
    return found.st_ino;
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

record::Row row_in(std::uint64_t cgroup) {
  record::Row row;
  row.c_group = cgroup;
  row.blocks |= record::Block::c_group;
  return row;
}

TEST(CgroupPaths, walks_the_tree_again_only_for_an_id_that_it_has_not_met) {
  const Folder folder;
  const std::uint64_t nginx = folder.make("system.slice/nginx.service");
  CgroupPaths paths(folder.path());
  paths.begin_look();
  EXPECT_EQ(paths.path_of(nginx), "/system.slice/nginx.service");
  EXPECT_EQ(paths.path_of(folder.make("")), "/");
  EXPECT_EQ(paths.walks(), 1U);
  const std::uint64_t later = folder.make("user.slice");
  EXPECT_EQ(paths.path_of(4711), "");
  EXPECT_EQ(paths.walks(), 1U);  // one walk a look
  paths.begin_look();
  EXPECT_EQ(paths.path_of(4711), "");
  EXPECT_EQ(paths.walks(), 1U);  // looked for already
  EXPECT_EQ(paths.path_of(later), "/user.slice");
  EXPECT_EQ(paths.walks(), 2U);
}

TEST(CgroupPaths, finds_where_version_2_is_mounted) {
  const Folder folder;
  folder.write("mountinfo",
               "25 30 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
               "35 25 0:31 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(cgroup_mount(folder.path() + "/mountinfo"), "/sys/fs/cgroup/unified");
  EXPECT_EQ(cgroup_mount(folder.path() + "/nothing"), "");
}

TEST(Enricher, names_cgroup_and_container_of_each_row) {
  const Folder folder;
  const std::string id(64, 'c');
  record::Row rows[] = {row_in(folder.make("system.slice/docker-" + id + ".scope")), row_in(folder.make("user.slice")), {}};
  record::Texts texts;
  Enricher enricher(texts, {.cgroup = folder.path()});
  for (int look = 0; look < 3; ++look) {
    enricher.enrich(rows, core::Time{});
    EXPECT_EQ(rows[0].container_id.view(), id);
    EXPECT_EQ(rows[0].container_runtime.view(), "docker");
    EXPECT_TRUE(rows[0].container_name.empty());
    EXPECT_EQ(rows[1].cgroup_path.view(), "/user.slice");
    EXPECT_TRUE(rows[1].container_id.empty());
    EXPECT_TRUE(rows[2].cgroup_path.empty());
  }
  EXPECT_EQ(enricher.cgroup_walks(), 1U);
  EXPECT_EQ(enricher.runtime_questions(), 0U);  // not allowed
  EXPECT_TRUE(enricher.limits().empty());
}

TEST(Enricher, says_why_a_container_has_no_name) {
  const Folder folder;
  record::Row rows[] = {row_in(folder.make("docker/" + std::string(64, 'c')))};
  record::Texts texts;
  Enricher enricher(texts, {.names = {.docker_socket = "/nowhere.sock"}, .cgroup = folder.path()});
  enricher.enrich(rows, core::Time{});
  ASSERT_EQ(enricher.limits().size(), 1U);
  EXPECT_NE(enricher.limits().front().find("/nowhere.sock"), std::string::npos);
  EXPECT_FALSE(rows[0].container_id.empty());
}

core::Time at(int seconds) { return core::Time{} + std::chrono::seconds(seconds); }

// Only where ids are inode numbers of a common file system do they come back; the kernel's own do not.
TEST(Enricher, forgets_the_path_of_an_id_that_is_anothers_now) {
  const Folder folder;
  record::Row rows[] = {row_in(folder.make("docker/" + std::string(64, 'a')))};
  record::Texts texts;
  Enricher enricher(texts, {.cgroup = folder.path()});
  enricher.enrich(rows, at(0));
  EXPECT_EQ(rows[0].container_id.view(), std::string(64, 'a'));
  fs::rename(fs::path(folder.path()) / "docker" / std::string(64, 'a'), fs::path(folder.path()) / "user.slice");
  enricher.enrich(rows, at(31));
  EXPECT_EQ(rows[0].cgroup_path.view(), "/user.slice");
  EXPECT_TRUE(rows[0].container_id.empty());
  EXPECT_TRUE(rows[0].container_runtime.empty());
}

TEST(Enricher, keeps_the_path_of_a_cgroup_that_is_gone) {
  const Folder folder;
  record::Row rows[] = {row_in(folder.make("user.slice"))};
  record::Texts texts;
  Enricher enricher(texts, {.cgroup = folder.path()});
  enricher.enrich(rows, at(0));
  fs::remove(fs::path(folder.path()) / "user.slice");
  enricher.enrich(rows, at(31));
  EXPECT_EQ(rows[0].cgroup_path.view(), "/user.slice");
}

// Jobs and containers come and go by the thousand.
TEST(Enricher, forgets_cgroups_that_no_row_is_of_any_more) {
  const Folder folder;
  record::Row lasting[] = {row_in(folder.make("user.slice"))};
  record::Texts texts;
  Enricher enricher(texts, {.cgroup = folder.path()});
  for (int job = 0; job < 50; ++job) {
    const std::string name = "job" + std::to_string(job);
    record::Row rows[] = {row_in(folder.make(name))};
    enricher.enrich(rows, at(31 * job));
    EXPECT_EQ(rows[0].cgroup_path.view(), "/" + name);
    enricher.enrich(lasting, at(31 * job + 1));
    EXPECT_EQ(lasting[0].cgroup_path.view(), "/user.slice");
    fs::remove(fs::path(folder.path()) / name);
    enricher.hold_texts();
    texts.sweep();
  }
  EXPECT_LE(enricher.cgroups_remembered(), 3U);
  EXPECT_LE(texts.size(), 4U);
}

TEST(CgroupPaths, forget_what_is_gone_and_was_not_asked_for_lately) {
  const Folder folder;
  const std::uint64_t lasting = folder.make("lasting");
  const std::uint64_t gone = folder.make("gone");
  CgroupPaths paths(folder.path());
  paths.begin_look();
  EXPECT_EQ(paths.path_of(gone), "/gone");
  fs::remove(fs::path(folder.path()) / "gone");
  paths.refresh();
  EXPECT_EQ(paths.path_of(gone), "/gone");
  paths.refresh();
  EXPECT_EQ(paths.size(), 3U);  // the root, too
  paths.refresh();
  EXPECT_EQ(paths.size(), 2U);
  EXPECT_EQ(paths.path_of(lasting), "/lasting");
  EXPECT_EQ(paths.path_of(gone), "");
}

TEST(Enricher, finds_a_cgroup_that_was_not_there_at_first) {
  const Folder folder;
  const std::uint64_t id = folder.make("later");
  fs::rename(folder.path() + "/later", folder.path() + "-aside");
  record::Row rows[] = {row_in(id)};
  record::Texts texts;
  Enricher enricher(texts, {.cgroup = folder.path()});
  enricher.enrich(rows, at(0));
  EXPECT_TRUE(rows[0].cgroup_path.empty());
  fs::rename(folder.path() + "-aside", folder.path() + "/later");
  enricher.enrich(rows, at(31));
  EXPECT_EQ(rows[0].cgroup_path.view(), "/later");
}

TEST(Enricher, hears_of_a_container_that_was_renamed) {
  const Folder folder;
  const std::string id(64, 'd');
  record::Row rows[] = {row_in(folder.make("docker/" + id))};
  std::atomic<int> asked = 0;
  FakeDaemon docker(
      "docker",
      [&](const std::string&) {
        const std::string name = asked++ == 0 ? "/old" : "/new";
        return std::vector{"HTTP/1.0 200 OK\r\n\r\n[{\"Id\":\"" + id + R"(","Names":[")" + name + R"("],"Image":"nginx:1"}])"};
      },
      true);
  record::Texts texts;
  Enricher enricher(texts, {.names = {.docker_socket = docker.path()}, .cgroup = folder.path()});
  for (const int second : {0, 1, 29}) {
    enricher.enrich(rows, at(second));
    EXPECT_EQ(rows[0].container_name.view(), "old");
    EXPECT_EQ(rows[0].container_image.view(), "nginx:1");
  }
  enricher.enrich(rows, at(31));
  EXPECT_EQ(rows[0].container_name.view(), "new");
  EXPECT_EQ(enricher.runtime_questions(), 2U);
  EXPECT_TRUE(enricher.limits().empty());
}

TEST(Enricher, leaves_a_daemon_that_failed_alone_for_a_while) {
  const Folder folder;
  record::Row rows[] = {row_in(folder.make("docker/" + std::string(64, 'e')))};
  record::Texts texts;
  Enricher enricher(texts, {.names = {.docker_socket = "/nowhere.sock"}, .cgroup = folder.path()});
  for (int second = 0; second < 30; ++second) {
    enricher.enrich(rows, at(second));
    EXPECT_EQ(enricher.limits().size(), 1U);
  }
  EXPECT_EQ(enricher.runtime_questions(), 1U);
  enricher.enrich(rows, at(30));
  EXPECT_EQ(enricher.runtime_questions(), 2U);
}

TEST(Uplinks, are_the_interfaces_of_default_routes_by_metric) {
  const std::string route =
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
      "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
      "eth0\t00000000\t0200A8C0\t0003\t0\t0\t700\t00000000\t0\t0\t0\n"
      "eth1\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n"
      "*\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0\n";
  EXPECT_EQ(default_interfaces(route), (std::vector<std::string>{"eth0", "wlan0"}));
  const std::string zero(32, '0');
  const std::string v6 = zero + " 00 " + zero +
                         " 00 fe800000000000000000000000000001 00000400 00000002 00000000 00000003     eth2\n" + zero + " 00 " +
                         zero + " 00 " + zero + " ffffffff 00000001 00000000 00200200       lo\n" + "fd" + zero.substr(2) +
                         " 40 " + zero + " 00 " + zero + " 00000100 00000001 00000000 00000001     eth3\n";
  EXPECT_EQ(default_interfaces_v6(v6), (std::vector<std::string>{"eth2"}));
  EXPECT_TRUE(default_interfaces("").empty());
  EXPECT_TRUE(default_interfaces_v6("\n \n00000000 00").empty());
}

TEST(Uplinks, tell_the_card_as_sysfs_does) {
  const Folder folder;
  folder.write("eth9/device/class", "0x020000\n");
  folder.write("eth9/device/vendor", "0x8086\n");
  folder.write("eth9/device/device", "0x1572\n");
  folder.write("eth9/speed", "10000\n");
  const Nic nic = nic_of("eth9", folder.path());
  EXPECT_EQ(nic.pci_vendor, 0x8086U);
  EXPECT_EQ(nic.pci_device, 0x1572U);
  EXPECT_EQ(nic.speed_mbps, 10000U);
  folder.write("eth9/speed", "-1\n");
  EXPECT_FALSE(nic_of("eth9", folder.path()).speed_mbps);
  EXPECT_FALSE(nic_of("nic-with-a-name-that-is-too-long", folder.path()).pci_vendor);
}

}  // namespace
}  // namespace uncork::probe
