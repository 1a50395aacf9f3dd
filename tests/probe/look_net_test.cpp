#include "probe/look/look.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "core/syscall.hpp"
#include "probe/namespaces.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

using record::Row;
using testing::connect_pair;
using testing::Pair;

std::string scratch() {
  return (std::filesystem::temp_directory_path() / ("uncork-look-" + std::to_string(::getpid()))).string();
}

/// Network namespaces with loopback up, mounted in a folder of ours, with a listener and connections of both families in each.
class Spaces {
 public:
  Spaces(int count, int connections) {
    std::filesystem::create_directories(scratch());
    for (int i = 0; i < count; ++i) make(i, connections);
  }
  ~Spaces() {
    for (const auto& [inode, name] : names_) remove(name);
    std::filesystem::remove_all(scratch());
  }
  Spaces(const Spaces&) = delete;
  Spaces& operator=(const Spaces&) = delete;

  static void remove(const std::string& name) {
    ::umount2((scratch() + "/" + name).c_str(), MNT_DETACH);
    ::unlink((scratch() + "/" + name).c_str());
  }
  void close_sockets() {
    pairs_.clear();
    listeners_.clear();
  }

  [[nodiscard]] const std::map<std::uint64_t, std::string>& names() const { return names_; }
  [[nodiscard]] WhichNamespaces which() const {
    WhichNamespaces which{.kind = WhichNamespaces::Kind::named, .names = {}, .folders = {scratch()}};
    for (const auto& [inode, name] : names_) which.names.push_back(name);
    return which;
  }

 private:
  void make(int number, int connections) {
    std::thread([&] {
      ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
      const core::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      ifreq request{};
      std::copy_n("lo", 3, request.ifr_name);
      request.ifr_flags = IFF_UP;
      ASSERT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &request), 0);
      const std::string name = "look" + std::to_string(::getpid()) + "-" + std::to_string(number);
      const std::string path = scratch() + "/" + name;
      ASSERT_TRUE(core::open_file(path, O_RDONLY | O_CREAT | O_EXCL, 0444));
      ASSERT_EQ(::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr), 0);
      names_[*own_namespace()] = name;
      listeners_.push_back(*core::tcp_listen(*core::parse_endpoint("127.0.0.1:8001")));
      for (int i = 0; i < connections; ++i) pairs_.push_back(connect_pair(i % 2 == 0 ? "127.0.0.1:0" : "[::1]:0"));
    }).join();
  }

  std::map<std::uint64_t, std::string> names_;  // by inode
  std::vector<core::Fd> listeners_;
  std::vector<Pair> pairs_;
};

Look looked(Looker& looker) {
  Look look;
  const auto made = looker.look(look);
  EXPECT_TRUE(made) << made.error().message;
  return look;
}

std::unique_ptr<Looker> opened(const LookOptions& options) {
  auto looker = Looker::open(options);
  EXPECT_TRUE(looker) << looker.error().message;
  return looker ? std::move(*looker) : nullptr;
}

std::map<std::uint64_t, int> by_namespace(const Look& look) {
  std::map<std::uint64_t, int> rows;
  for (const Row& row : look.rows) ++rows[row.netns_inode];
  return rows;
}

class LookPaths : public ::testing::TestWithParam<UseBpf> {};

TEST_P(LookPaths, sees_every_socket_of_every_namespace_in_every_look) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  constexpr int kNamespaces = 10;
  constexpr int kConnections = 10;
  const Spaces spaces(kNamespaces, kConnections);
  const auto looker = opened({.namespaces = spaces.which(), .bpf = GetParam()});
  ASSERT_TRUE(looker);
  for (int again = 0; again < 5; ++again) {
    const Look look = looked(*looker);
    EXPECT_TRUE(look.coverage.whole()) << look.coverage.sentence();
    EXPECT_EQ(look.rows.size(), kNamespaces * (2U * kConnections + 1U));
    for (const auto& [inode, name] : spaces.names()) EXPECT_EQ(by_namespace(look)[inode], 2 * kConnections + 1) << name;
    for (const Row& row : look.rows) EXPECT_EQ(row.netns.view(), spaces.names().at(row.netns_inode));
  }
}
INSTANTIATE_TEST_SUITE_P(Both, LookPaths, ::testing::Values(UseBpf::no, UseBpf::yes));

TEST(Look, a_namespace_that_is_gone_costs_one_miss_and_no_row) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  Spaces spaces(3, 2);
  const auto looker =
      opened({.namespaces = {.kind = WhichNamespaces::Kind::all, .names = {}, .folders = {scratch()}}, .bpf = UseBpf::no});
  ASSERT_TRUE(looker);
  const auto gone = spaces.names().begin()->first;
  EXPECT_EQ(by_namespace(looked(*looker))[gone], 5);
  Spaces::remove(spaces.names().begin()->second);
  EXPECT_EQ(by_namespace(looked(*looker))[gone], 0) << "nothing but its sockets holds it: it cannot be entered";
}

TEST(Look, each_short_connection_has_exactly_one_last_row_with_its_bytes) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  constexpr int kConnections = 1000;
  constexpr std::uint64_t kBytes = 300;
  const Spaces spaces(1, 0);
  const auto looker = opened({.namespaces = spaces.which(), .bpf = UseBpf::no, .close_events = true});
  ASSERT_TRUE(looker);
  (void)looked(*looker);
  const auto status = with_namespace(
      spaces.names().begin()->second,
      []() -> core::Status {
        for (int i = 0; i < kConnections; ++i) {
          Pair pair = connect_pair();
          const std::vector<std::byte> bytes(kBytes);
          if (auto sent = core::send_all(pair.client, bytes); !sent) return sent;
          std::vector<std::byte> read(kBytes);
          for (std::size_t got = 0; got < kBytes;) {
            got += core::read_some(pair.server, std::span(read).subspan(got)).value_or(core::ReadOutcome{}).count;
          }
          pair.client.reset();
          (void)core::read_some(pair.server, read);  // its end
        }
        return {};
      },
      scratch());
  ASSERT_TRUE(status) << status.error().message;
  std::map<std::uint64_t, int> last_rows;
  std::uint64_t sent = 0;
  int clients = 0;
  // The kernel tells of an end a moment after it: a few looks until all are there.
  for (int tries = 0; tries < 50 && last_rows.size() < 2U * kConnections; ++tries) {
    for (const Row& row : looked(*looker).rows) {
      if (!row.last_row || row.inet_diag_msg_socket_destination_port == 0) continue;
      ++last_rows[row.inet_diag_msg_socket_cookie];
      sent += row.tcp_info_bytes_sent;
      clients += row.tcp_info_bytes_sent != 0 ? 1 : 0;
      EXPECT_EQ(row.row_kind, record::RowKind::closed);
      // Of the end that accepted, and closed second, netlink alone cannot tell.
      EXPECT_TRUE(row.close_reason == record::CloseReason::fin || row.tcp_info_bytes_sent == 0);
      EXPECT_EQ(row.netns_inode, spaces.names().begin()->first);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(last_rows.size(), 2U * kConnections);
  EXPECT_TRUE(std::ranges::all_of(last_rows, [](const auto& entry) { return entry.second == 1; }));
  EXPECT_EQ(clients, kConnections);
  EXPECT_EQ(sent, kConnections * kBytes);
}

TEST(Look, a_recorded_look_replays_to_the_same_rows) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  const Spaces spaces(2, 4);
  const std::string file = scratch() + "/look.pcap";
  Look live;
  {
    const auto looker = opened({.namespaces = spaces.which(), .attributes = Attributes::all(), .record_to = file});
    ASSERT_TRUE(looker);
    live = looked(*looker);
    const auto replay = Looker::replay(file, {.attributes = Attributes::all()});
    ASSERT_TRUE(replay) << replay.error().message;
    Look again;
    const auto made = (*replay)->look(again);
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_EQ(again.rows.size(), live.rows.size());
    EXPECT_EQ(again.rows.size(), 18U);
    EXPECT_EQ(again.coverage.sentence(), live.coverage.sentence());
    for (std::size_t i = 0; i < live.rows.size(); ++i) {
      Row row = live.rows[i];
      row.hostname = row.boot_id = {};  // the machine's, not the kernel's word
      EXPECT_EQ(again.rows[i], row);
    }
    EXPECT_EQ(*(*replay)->look(again), Looker::Outcome::end);
  }
}

TEST(Look, sees_its_own_namespace_without_privilege) {
  EXPECT_EQ(testing::as_nobody([]() -> std::string {
              const Pair pair = connect_pair();
              const auto looker = Looker::open({});
              if (!looker) return looker.error().message;
              Look look;
              if (const auto made = (*looker)->look(look); !made) return made.error().message;
              // By both ports: others may have had one of them a while ago, and be in TIME_WAIT.
              const auto served = core::local_endpoint(pair.server);
              if (!served) return served.error().message;
              const std::set<std::uint32_t> ports = {pair.client_address().port, served->port};
              const auto ours = std::ranges::count_if(look.rows, [&](const Row& row) {
                return ports == std::set{row.inet_diag_msg_socket_source_port, row.inet_diag_msg_socket_destination_port};
              });
              return ours == 2 ? "" : std::to_string(ours) + " of our 2 sockets; " + look.coverage.sentence();
            }),
            "");
}

}  // namespace
}  // namespace uncork::probe
