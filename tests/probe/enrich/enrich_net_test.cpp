// Uplinks where a veth pair is the default route, and the cgroup of a process that was put into one: the kernel's own answers.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/syscall.hpp"
#include "link/namespace.hpp"
#include "probe/enrich/enricher.hpp"
#include "probe/enrich/uplinks.hpp"
#include "probe/look/look.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/enrich/fake_daemon.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

using testing::connect_pair;

core::Status run(const std::string& command) {
  if (std::system(command.c_str()) == 0) return {};
  return core::fail(core::invalid_argument(command));
}

std::string recorded(const std::string& name) {
  std::ifstream file(std::string(UNCORK_TEST_DATA) + "/lldp/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// eth0 and eth1, both ends here, with a default route of IPv4 each and one of IPv6 through eth1.
core::Status make_routes() {
  for (const char* const command :
       {"ip link add eth0 type veth peer name far0", "ip link add eth1 type veth peer name far1",
        "ip addr add 198.18.0.2/24 dev eth0", "ip addr add 198.18.1.2/24 dev eth1", "ip addr add 2001:db8::2/64 dev eth1 nodad",
        "ip link set far0 up", "ip link set far1 up", "ip link set eth0 up", "ip link set eth1 up",
        "ip route add default via 198.18.0.1 dev eth0 metric 200", "ip route add default via 198.18.1.1 dev eth1 metric 100",
        "ip -6 route add default via 2001:db8::1 dev eth1"}) {
    if (const auto ran = run(command); !ran) return ran;
  }
  return {};
}

TEST(UplinksOfTheKernel, are_the_cards_of_the_default_routes) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("namespaces need root");
  const auto space = link::Namespace::make();
  ASSERT_TRUE(space) << space.error().message;
  const auto ran = space->inside([]() -> core::Status {
    EXPECT_TRUE(find_uplinks().empty());
    if (const auto made = make_routes(); !made) return made;
    const auto nics = find_uplinks();
    EXPECT_EQ(nics.size(), 2U);
    if (nics.size() != 2) return {};
    EXPECT_EQ(nics[0].interface, "eth1");  // the smaller metric
    EXPECT_EQ(nics[1].interface, "eth0");
    for (const Nic& nic : nics) {
      EXPECT_EQ(nic.driver, "veth");  // ETHTOOL_GDRVINFO of this namespace
      EXPECT_FALSE(nic.pci_vendor);
      EXPECT_FALSE(nic.pci_device);
    }
    EXPECT_EQ(find_uplinks(1).size(), 1U);
    return {};
  });
  EXPECT_TRUE(ran) << ran.error().message;
}

TEST(UplinksOfTheKernel, get_the_neighbours_that_lldpd_hears) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("namespaces need root");
  const auto space = link::Namespace::make();
  ASSERT_TRUE(space) << space.error().message;
  std::vector<std::string> questions;
  FakeDaemon lldpd("uplink-lldp", [&](const std::string& request) {
    questions.push_back(request.substr(request.size() - 5, 4));
    return std::vector{questions.back() == "eth0" ? recorded("recorded-1.0.16") : std::string(16, '\0')};
  });
  const auto ran = space->inside([&]() -> core::Status {
    if (const auto made = make_routes(); !made) return made;
    record::Texts texts;
    Enricher enricher(texts, {.uplinks = true, .lldpd_socket = lldpd.path(), .cgroup = ""});
    std::vector<record::Row> rows(3);
    for (int look = 0; look < 3; ++look) enricher.enrich(rows, core::Time{});
    for (const record::Row& row : rows) {
      EXPECT_EQ(row.uplink1_ifname.view(), "eth1");
      EXPECT_EQ(row.uplink1_nic_driver.view(), "veth");
      EXPECT_EQ(row.uplink1_lldp_chassis_name.view(), "");
      EXPECT_EQ(row.uplink2_ifname.view(), "eth0");
      EXPECT_EQ(row.uplink2_lldp_chassis_name.view(), "rack7-sw1.example");
      EXPECT_EQ(row.uplink2_lldp_chassis_id.view(), "22:f3:3d:97:f3:8f");
      EXPECT_EQ(row.uplink2_lldp_mgmt_ip.view(), "198.18.0.2");
      EXPECT_EQ(row.uplink2_lldp_port_id.view(), "22:f3:3d:97:f3:8f");
      EXPECT_EQ(row.uplink2_lldp_port_descr.view(), "swp1");
    }
    EXPECT_TRUE(enricher.limits().empty());
    return {};
  });
  EXPECT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(questions, (std::vector<std::string>{"eth1", "eth0"}));  // once, not a look and not a row
}

TEST(UplinksOfTheKernel, say_that_lldpd_is_of_an_unknown_version) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("namespaces need root");
  const auto space = link::Namespace::make();
  ASSERT_TRUE(space) << space.error().message;
  FakeDaemon lldpd("uplink-lldp", [](const std::string& request) {
    std::string later = recorded("three-later");
    later[0] = request[0];
    return std::vector{later};
  });
  const auto ran = space->inside([&]() -> core::Status {
    if (const auto made = make_routes(); !made) return made;
    record::Texts texts;
    Enricher enricher(texts, {.uplinks = true, .lldpd_socket = lldpd.path(), .cgroup = ""});
    std::vector<record::Row> rows(1);
    for (int look = 0; look < 2; ++look) {
      enricher.enrich(rows, core::Time{});
      EXPECT_EQ(enricher.limits().size(), 1U);
      EXPECT_NE(enricher.limits().front().find("of no version from 1.0.13 to 1.0.22"), std::string::npos);
    }
    EXPECT_EQ(rows[0].uplink1_ifname.view(), "eth1");
    EXPECT_TRUE(rows[0].uplink1_lldp_chassis_name.empty());
    return {};
  });
  EXPECT_TRUE(ran) << ran.error().message;
}

/// A cgroup of ours, two below the root of the machine's; gone with this object.
class Cgroup {
 public:
  explicit Cgroup(const std::string& path) : path_(cgroup_mount() + path) { std::filesystem::create_directories(path_); }
  ~Cgroup() {
    ::rmdir(path_.c_str());
    ::rmdir(std::filesystem::path(path_).parent_path().c_str());
  }
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  /// The calling process into `folder`.
  static bool enter(const std::string& folder) {
    std::ofstream file(folder + "/cgroup.procs");
    file << ::getpid() << std::flush;
    return file.good();
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(CgroupOfTheKernel, names_the_container_of_a_socket_whose_process_is_in_it) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("cgroups need root");
  const std::string id(64, 'b');
  const std::string name = "/uncork-" + std::to_string(::getpid()) + ".slice/docker-" + id + ".scope";
  const Cgroup cgroup(name);
  const std::string own = core::read_file("/proc/self/cgroup").value_or("");
  const std::string back =
      cgroup_mount() + own.substr(own.find("0::") + 3, own.find('\n', own.find("0::")) - own.find("0::") - 3);
  const auto space = link::Namespace::make();
  ASSERT_TRUE(space) << space.error().message;
  const auto ran = space->inside([&]() -> core::Status {
    if (!Cgroup::enter(cgroup.path())) return core::fail(core::invalid_argument("enter " + cgroup.path()));
    const auto pair = connect_pair("127.0.0.1:0");  // a socket is of the cgroup in which it was made
    EXPECT_TRUE(Cgroup::enter(back));
    for (const UseBpf bpf : {UseBpf::no, UseBpf::automatic}) {
      auto looker = Looker::open({.attributes = Attributes::all(), .bpf = bpf});
      if (!looker) return core::fail(looker.error());
      Look look;
      if (const auto made = (*looker)->look(look); !made) return core::fail(made.error());
      record::Texts texts;
      Enricher enricher(texts);
      enricher.enrich(look.rows, core::Time{});
      std::size_t named = 0;
      for (const record::Row& row : look.rows) {
        if (row.container_id.view() != id) continue;
        ++named;
        EXPECT_EQ(row.cgroup_path.view(), name);
        EXPECT_EQ(row.container_runtime.view(), "docker");
      }
      EXPECT_EQ(named, 2U);
      EXPECT_EQ(enricher.cgroup_walks(), 1U);
    }
    return {};
  });
  EXPECT_TRUE(ran) << ran.error().message;
}

}  // namespace
}  // namespace uncork::probe
