// recorded-1.0.16 is what lldpd 1.0.16 answered in a namespace with another lldpd at the other end of a veth pair; the others
// are what the serializers of the versions named make of one interface: a newer neighbour heard by CDP, one heard by LLDP, and a
// hidden one.

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "probe/enrich/lldp_answer.hpp"
#include "probe/enrich/lldpd.hpp"
#include "tests/probe/enrich/fake_daemon.hpp"

namespace uncork::probe {
namespace {

constexpr std::size_t kHead = 16;

std::string recorded(const std::string& name) {
  std::ifstream file(std::string(UNCORK_TEST_DATA) + "/lldp/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

core::Result<LldpInterface> read(const std::string& message, std::string_view interface = "eth0") {
  return read_lldp_answer(std::as_bytes(std::span(message)).subspan(kHead), interface);
}

core::Time in(core::Micros time) { return core::MonotonicClock::now() + time; }

std::uint32_t type_of(const std::string& message) {
  std::uint32_t type = 0;
  if (message.size() >= sizeof type) std::memcpy(&type, message.data(), sizeof type);
  return type;
}

const std::string kNothing(kHead, '\0');
const LldpNeighbour kSwitch = {"rack7-sw1.example", "00:1b:54:aa:bb:cc", "198.18.0.7", "Ethernet7/1", "to web1"};

TEST(Lldp, is_read_as_each_version_says_it) {
  const std::pair<const char*, LldpdVersion> versions[] = {{"three-1.0.13", LldpdVersion::v1_0_13},
                                                           {"three-1.0.14", LldpdVersion::v1_0_14},
                                                           {"three-1.0.18", LldpdVersion::v1_0_18},
                                                           {"three-1.0.20", LldpdVersion::v1_0_20},
                                                           {"three-1.0.22", LldpdVersion::v1_0_21}};
  for (const auto& [name, version] : versions) {
    const auto found = read(recorded(name));
    ASSERT_TRUE(found) << name << ": " << found.error().message;
    EXPECT_EQ(found->version, version) << name;
    EXPECT_EQ(found->neighbour, kSwitch) << name;
  }
}

TEST(Lldp, is_read_as_a_daemon_said_it) {
  const auto found = read(recorded("recorded-1.0.16"));
  ASSERT_TRUE(found) << found.error().message;
  const LldpNeighbour expected = {"rack7-sw1.example", "22:f3:3d:97:f3:8f", "198.18.0.2", "22:f3:3d:97:f3:8f", "swp1"};
  EXPECT_EQ(found->neighbour, expected);
}

TEST(Lldp, knows_an_interface_without_neighbours) {
  const auto found = read(recorded("none-1.0.22"));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_FALSE(found->neighbour);
}

TEST(Lldp, refuses_a_version_that_it_does_not_know) {
  const auto found = read(recorded("three-later"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, core::ErrorCode::not_supported);
  EXPECT_NE(found.error().message.find("up to byte 6"), std::string::npos) << found.error().message;
}

TEST(Lldp, refuses_the_answer_about_another_interface) { EXPECT_FALSE(read(recorded("three-1.0.22"), "eth1")); }

TEST(Lldp, refuses_an_answer_that_is_cut_or_goes_on) {
  const std::string whole = recorded("three-1.0.20");
  for (std::size_t size = kHead; size < whole.size(); ++size) EXPECT_FALSE(read(whole.substr(0, size))) << size;
  EXPECT_FALSE(read(whole + std::string(8, '\0')));
}

// Numbers, sizes, pointers, lengths and padding are all checked; what is left is what lldpd does not tell us to read: counters,
// times, texts that we do not show.
TEST(Lldp, refuses_or_reads_whatever_byte_is_wrong) {
  const std::string whole = recorded("three-1.0.22");
  std::size_t refused = 0;
  for (std::size_t at = kHead; at < whole.size(); ++at) {
    std::string bent = whole;
    bent[at] = static_cast<char>(bent[at] ^ 0x55);
    if (const auto found = read(bent); !found) ++refused;
  }
  EXPECT_GT(refused, 500U);
}

TEST(Lldp, is_asked_of_the_daemon_that_listens) {
  FakeDaemon lldpd("lldp", [](const std::string& request) {
    EXPECT_EQ(type_of(request), 6U);
    if (request.find("eth0") == std::string::npos) return std::vector{kNothing};
    const std::string answer = recorded("three-1.0.22");
    return std::vector{answer.substr(0, 10), answer.substr(10, 700), answer.substr(710)};
  });
  const std::string interfaces[] = {"eth1", "eth0"};
  const auto neighbours = ask_lldpd(lldpd.path(), interfaces, in(std::chrono::seconds(10)));
  ASSERT_TRUE(neighbours) << neighbours.error().message;
  EXPECT_EQ(*neighbours, (std::vector<std::optional<LldpNeighbour>>{std::nullopt, kSwitch}));
}

TEST(Lldp, is_asked_of_1_0_13_by_its_own_number) {
  FakeDaemon lldpd("lldp", [](const std::string& request) {
    return std::vector{recorded(type_of(request) == 5 ? "three-1.0.13" : "default-port-1.0.13")};
  });
  const std::string interfaces[] = {"eth0"};
  const auto neighbours = ask_lldpd(lldpd.path(), interfaces, in(std::chrono::seconds(10)));
  ASSERT_TRUE(neighbours) << neighbours.error().message;
  EXPECT_EQ(neighbours->front(), kSwitch);
}

TEST(Lldp, never_sends_what_changes_a_setting) {
  std::atomic<int> questions = 0;
  FakeDaemon lldpd("lldp", [&](const std::string& request) {
    ++questions;
    EXPECT_TRUE(type_of(request) == 5 || type_of(request) == 6) << type_of(request);
    std::string later = recorded("three-later");
    later[0] = request[0];
    return std::vector{later};
  });
  const std::string interfaces[] = {"eth0"};
  const auto neighbours = ask_lldpd(lldpd.path(), interfaces, in(std::chrono::seconds(10)));
  ASSERT_FALSE(neighbours);
  EXPECT_EQ(neighbours.error().code, core::ErrorCode::not_supported);
  EXPECT_EQ(questions, 2);
}

TEST(Lldp, gives_up_on_a_daemon_that_says_nothing_or_too_little) {
  const std::string interfaces[] = {"eth0"};
  for (const std::vector<std::string>& pieces : {std::vector<std::string>{}, {recorded("three-1.0.22").substr(0, 100)}}) {
    FakeDaemon lldpd("lldp", [&](const std::string&) { return pieces; });
    const auto neighbours = ask_lldpd(lldpd.path(), interfaces, in(std::chrono::milliseconds(50)));
    ASSERT_FALSE(neighbours);
    EXPECT_EQ(neighbours.error().system_errno, ETIMEDOUT);
  }
}

TEST(Lldp, refuses_what_is_no_answer) {
  const std::string interfaces[] = {"eth0"};
  const std::string huge = std::string("\6\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0", kHead);  // 4 GiB are to follow
  for (const std::string& answer : {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), huge, std::string("\6\0\0\0", 4)}) {
    FakeDaemon lldpd("lldp", [&](const std::string&) { return std::vector{answer}; }, true);
    const auto neighbours = ask_lldpd(lldpd.path(), interfaces, in(std::chrono::seconds(10)));
    ASSERT_FALSE(neighbours);
    EXPECT_EQ(neighbours.error().code, core::ErrorCode::not_supported) << neighbours.error().message;
  }
  EXPECT_EQ(ask_lldpd("/nowhere/lldpd.socket", interfaces, in(std::chrono::seconds(1))).error().code, core::ErrorCode::not_found);
}

}  // namespace
}  // namespace uncork::probe
