// Uplinks where a veth pair is the default route, and the cgroup of a process that was put into one: the kernel's own answers.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "link/namespace.hpp"
#include "probe/enrich/enricher.hpp"
#include "probe/enrich/uplinks.hpp"
#include "probe/look/look.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/enrich/fake_daemon.hpp"
#include "tests/probe/enrich/surroundings.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

using testing::connect_pair;

std::string recorded(const std::string& name) {
  std::ifstream file(std::string(UNCORK_TEST_DATA) + "/lldp/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(UplinksOfTheKernel, are_the_cards_of_the_default_routes) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("namespaces need root");
  const auto space = link::Namespace::make();
  ASSERT_TRUE(space) << space.error().message;
  const auto ran = space->inside([]() -> core::Status {
    EXPECT_TRUE(find_uplinks().empty());
    if (const auto made = testing::make_default_routes(); !made) return made;
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
    if (const auto made = testing::make_default_routes(); !made) return made;
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
    if (const auto made = testing::make_default_routes(); !made) return made;
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

TEST(CgroupOfTheKernel, names_the_container_of_a_socket_whose_process_is_in_it) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("cgroups need root");
  const testing::ContainerCgroup cgroup('b');
  const auto space = link::Namespace::make();
  ASSERT_TRUE(space) << space.error().message;
  const auto ran = space->inside([&]() -> core::Status {
    if (const auto entered = cgroup.enter(); !entered) return entered;
    const auto pair = connect_pair("127.0.0.1:0");
    EXPECT_TRUE(cgroup.leave());
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
        if (row.container_id.view() != cgroup.id()) continue;
        ++named;
        EXPECT_EQ(row.cgroup_path.view(), cgroup.name());
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
