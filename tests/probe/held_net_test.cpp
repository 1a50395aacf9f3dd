// Namespaces that neither a process nor a mount holds, and that none is held by us.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "core/syscall.hpp"
#include "link/device.hpp"
#include "link/namespace.hpp"
#include "probe/look/look.hpp"
#include "probe/namespaces.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/privilege.hpp"
#include "tests/probe/space.hpp"

namespace uncork::probe {
namespace {

using link::Namespace;
using record::Row;
using testing::connect_pair;
using testing::Pair;

class Held : public ::testing::TestWithParam<UseBpf> {
 protected:
  void SetUp() override {
    if (!testing::is_root()) UNCORK_SKIP_TEST("making network namespaces needs root");
  }

  static std::vector<Row> rows_of(const Look& look, std::uint64_t inode) {
    std::vector<Row> rows;
    std::ranges::copy_if(look.rows, std::back_inserter(rows), [&](const Row& row) { return row.netns_inode == inode; });
    return rows;
  }
  static const NamespaceCoverage* coverage_of(const Look& look, std::uint64_t inode) {
    const auto found = std::ranges::find(look.coverage.namespaces, inode, &NamespaceCoverage::inode);
    return found == look.coverage.namespaces.end() ? nullptr : &*found;
  }
  static std::unique_ptr<Looker> opened(bool close_events = false, UseBpf bpf = GetParam()) {
    auto looker = Looker::open({.namespaces = {.kind = WhichNamespaces::Kind::all, .names = {}, .folders = {}},
                                .bpf = bpf,
                                .close_events = close_events});
    EXPECT_TRUE(looker) << looker.error().message;
    return looker ? std::move(*looker) : nullptr;
  }
  static Look looked(Looker& looker) {
    Look look;
    const auto made = looker.look(look);
    EXPECT_TRUE(made) << made.error().message;
    return look;
  }
  /// Two connections, one of which has been closed: its client waits in TIME-WAIT, which no descriptor holds.
  static Pair fill(const Namespace& space) {
    std::optional<Pair> pair;
    EXPECT_TRUE(space.inside([&]() -> core::Status {
      pair = connect_pair();
      Pair over = connect_pair();
      over.client.reset();
      std::array<std::byte, 1> end{};
      (void)core::read_some(over.server, end).has_value();
      return {};
    }));
    return std::move(*pair);
  }
  static void expect_all(const Look& look, std::uint64_t inode) {
    const auto rows = rows_of(look, inode);
    EXPECT_EQ(rows.size(), 3U);
    EXPECT_EQ(std::ranges::count(rows, 6U, &Row::inet_diag_msg_state), 1) << "TIME-WAIT: it was entered";
    for (const Row& row : rows) EXPECT_EQ(row.netns.view(), anonymous_name(inode));
    const NamespaceCoverage* const coverage = coverage_of(look, inode);
    ASSERT_NE(coverage, nullptr);
    EXPECT_TRUE(coverage->whole()) << coverage->trouble;
    EXPECT_EQ(coverage->counted, 3U);
  }
};

TEST_P(Held, by_a_descriptor_alone_it_is_found) {
  const auto space = Namespace::make();
  ASSERT_TRUE(space) << space.error().message;
  const Pair pair = fill(*space);
  expect_all(looked(*opened()), *space->inode());
}

TEST_F(Held, by_a_socket_alone_it_is_found_with_bpf) {
  auto space = Namespace::make();
  ASSERT_TRUE(space) << space.error().message;
  const std::uint64_t inode = *space->inode();
  std::optional<Pair> pair = fill(*space);
  {
    const Namespace gone = std::move(*space);
  }
  const auto looker = opened(false, UseBpf::yes);
  for (int again = 0; again < 3; ++again) expect_all(looked(*looker), inode);
  pair.reset();
  EXPECT_TRUE(rows_of(looked(*looker), inode).empty());
}

/// A namespace that is tied to another by a cable: when it is no more, the other's end of the cable is no more either.
class Tied {
 public:
  Tied() : here_(std::move(*Namespace::make())), there_(std::move(*Namespace::make())) {
    EXPECT_TRUE(here_.inside([&] { return link::make_cable(there_->handle()); }));
    inode_ = *there_->inode();
    EXPECT_TRUE(there_->inside([&]() -> core::Status {
      pair_ = connect_pair();
      return {};
    }));
  }
  [[nodiscard]] std::uint64_t inode() const { return inode_; }
  void let_go() {
    pair_.reset();
    there_.reset();
  }
  /// Within two seconds.
  [[nodiscard]] bool is_gone() const {
    for (int i = 0; i < 100; ++i) {
      bool gone = false;
      EXPECT_TRUE(here_.inside([&]() -> core::Status {
        gone = ::if_nametoindex(link::kDevice) == 0;
        return {};
      }));
      if (gone) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

 private:
  Namespace here_;
  std::optional<Namespace> there_;
  std::optional<Pair> pair_;
  std::uint64_t inode_ = 0;
};

TEST_P(Held, none_is_by_us_between_two_looks) {
  Tied tied;
  const auto looker = opened();
  EXPECT_EQ(rows_of(looked(*looker), tied.inode()).size(), 2U);
  tied.let_go();
  EXPECT_TRUE(tied.is_gone());
}

TEST_P(Held, none_is_by_our_ears_after_the_next_look) {
  Tied tied;
  const auto looker = opened(true);
  EXPECT_EQ(rows_of(looked(*looker), tied.inode()).size(), 2U);
  tied.let_go();
  (void)looked(*looker);
  EXPECT_TRUE(tied.is_gone());
}

INSTANTIATE_TEST_SUITE_P(Both, Held, ::testing::Values(UseBpf::no, UseBpf::yes),
                         [](const auto& used) { return used.param == UseBpf::yes ? "pass" : "dumps"; });

class Everywhere : public ::testing::TestWithParam<UseBpf> {};

TEST_P(Everywhere, every_row_has_the_addresses_and_the_name_of_its_namespace) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making network namespaces needs root");
  constexpr unsigned kSpaces = 20;
  constexpr int kPairs = 10;
  const testing::SpaceFolder folder;
  std::vector<std::unique_ptr<testing::Space>> spaces;
  struct Wanted {
    std::string name;
    record::Address local;
    record::Address peer;
  };
  std::map<std::uint64_t, Wanted> wanted;  // by cookie
  for (unsigned i = 0; i < kSpaces; ++i) {
    testing::Space& space = *spaces.emplace_back(std::make_unique<testing::Space>(folder, "every" + std::to_string(i), i));
    space.connect(kPairs);
    for (const Pair& pair : space.pairs()) {
      for (const core::Fd* end : {&pair.client, &pair.server}) {
        std::uint64_t cookie = 0;
        socklen_t length = sizeof cookie;
        ASSERT_EQ(::getsockopt(end->get(), SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
        wanted[cookie] = {space.name(), core::local_endpoint(*end)->bytes, core::peer_endpoint(*end)->bytes};
      }
    }
  }
  auto looker = Looker::open({.namespaces = testing::those_of(folder, spaces), .bpf = GetParam()});
  ASSERT_TRUE(looker) << looker.error().message;
  for (int again = 0; again < 10; ++again) {
    Look look;
    ASSERT_TRUE((*looker)->look(look));
    EXPECT_TRUE(look.coverage.whole()) << look.coverage.sentence();
    EXPECT_EQ(look.rows.size(), wanted.size());
    for (const Row& row : look.rows) {
      const Wanted& socket = wanted.at(row.inet_diag_msg_socket_cookie);
      EXPECT_EQ(row.netns.view(), socket.name);
      EXPECT_EQ(row.inet_diag_msg_socket_source, socket.local);
      EXPECT_EQ(row.inet_diag_msg_socket_destination, socket.peer);
    }
  }
}

TEST_P(Everywhere, one_namespace_of_a_thousand_sockets_has_a_row_of_each) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making network namespaces needs root");
  constexpr int kPairs = 500;
  const testing::SpaceFolder folder;
  std::vector<std::unique_ptr<testing::Space>> spaces;
  spaces.push_back(std::make_unique<testing::Space>(folder, "thousand", 7));
  spaces.back()->connect(kPairs);
  auto looker = Looker::open({.namespaces = testing::those_of(folder, spaces), .bpf = GetParam()});
  ASSERT_TRUE(looker) << looker.error().message;
  for (int again = 0; again < 5; ++again) {
    Look look;
    ASSERT_TRUE((*looker)->look(look));
    EXPECT_EQ(look.rows.size(), 2U * kPairs);
    EXPECT_EQ(std::ranges::count(look.rows, 10U, &Row::inet_diag_msg_family), kPairs);
    EXPECT_TRUE(look.coverage.whole()) << look.coverage.sentence();
  }
}
INSTANTIATE_TEST_SUITE_P(Both, Everywhere, ::testing::Values(UseBpf::no, UseBpf::yes),
                         [](const auto& used) { return used.param == UseBpf::yes ? "pass" : "dumps"; });

}  // namespace
}  // namespace uncork::probe
