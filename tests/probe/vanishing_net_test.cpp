// A namespace that is deleted while it is looked at, in each step of the look, and its inode given to another.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <utility>

#include "core/fd.hpp"
#include "probe/look/look.hpp"
#include "probe/namespaces.hpp"
#include "tests/probe/privilege.hpp"
#include "tests/probe/space.hpp"

namespace uncork::probe {
namespace {

using record::Row;
using record::RowKind;
using testing::Space;
using testing::SpaceFolder;

constexpr int kPairs = 3;
constexpr int kPairsForParts = 100;  // a list of more than one datagram

std::string text_of(const Row& row, const record::Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(static_cast<int>(row.inet_diag_msg_family), address.data(), text.data(), text.size());
  return text.data();
}

/// The end of a connection that is no 127.0.0.1, from which a client connects whatever the server's address.
std::string own_address(const Row& row) {
  const std::string local = text_of(row, row.inet_diag_msg_socket_source);
  return local == "127.0.0.1" ? text_of(row, row.inet_diag_msg_socket_destination) : local;
}

/// Three namespaces, of which the second is to go.
struct Three {
  SpaceFolder folder;
  std::vector<std::unique_ptr<Space>> spaces;

  explicit Three(int pairs_of_second = kPairs) {
    for (unsigned i = 0; i < 3; ++i) {
      spaces.push_back(std::make_unique<Space>(folder, "vanish" + std::to_string(i), 100 + i));
      spaces.back()->connect(i == 1 ? pairs_of_second : kPairs);
    }
  }

  /// Which names rows with an address of ours may have; the number of rows by name.
  [[nodiscard]] std::map<std::string, int> rows_under_right_names(const Look& look, const Space* newcomer = nullptr) const {
    std::map<std::string, const Space*> owners;
    for (const auto& space : spaces) owners[space->ipv4()] = owners[space->ipv6()] = space.get();
    if (newcomer != nullptr) owners[newcomer->ipv4()] = owners[newcomer->ipv6()] = newcomer;
    std::map<std::string, int> rows;
    for (const Row& row : look.rows) {
      const auto owner = owners.find(own_address(row));
      if (owner == owners.end()) continue;
      const std::string name(row.netns.view());
      const bool is_right = name == owner->second->name() || name == anonymous_name(owner->second->inode());
      EXPECT_TRUE(is_right) << own_address(row) << " is of " << owner->second->name() << " and is called " << name;
      EXPECT_EQ(row.netns_inode, owner->second->inode());
      ++rows[owner->second->name()];
    }
    return rows;
  }
};

std::unique_ptr<Looker> opened(const LookOptions& options) {
  auto looker = Looker::open(options);
  EXPECT_TRUE(looker) << looker.error().message;
  return looker ? std::move(*looker) : nullptr;
}

Look looked(Looker& looker) {
  Look look;
  const auto made = looker.look(look);
  EXPECT_TRUE(made) << made.error().message;
  return look;
}

struct Moment {
  const char* name;
  LookStep step;
  bool inside;  // our thread is in it: it lives on until that leaves

  friend void PrintTo(const Moment& moment, std::ostream* out) { *out << moment.name; }
};

class Vanishing : public ::testing::TestWithParam<std::tuple<UseBpf, Moment>> {
 protected:
  void SetUp() override {
    if (!testing::is_root()) UNCORK_SKIP_TEST("making network namespaces needs root");
  }
};

TEST_P(Vanishing, costs_one_miss_and_no_row_under_a_wrong_name) {
  const auto& [bpf, moment] = GetParam();
  Three three(moment.step == LookStep::part ? kPairsForParts : kPairs);
  Space& doomed = *three.spaces[1];
  const std::string name = doomed.name();
  bool armed = false;
  int deleted = 0;
  const auto looker = opened({.namespaces = those_of(three.folder, three.spaces),
                              .bpf = bpf,
                              .close_events = moment.step == LookStep::looked,
                              .on_step = [&, step = moment.step](LookStep now, std::uint64_t inode) {
                                if (!armed || now != step || (inode != 0 && inode != doomed.inode())) return;
                                armed = false;
                                ++deleted;
                                doomed.remove();
                              }});
  ASSERT_TRUE(looker);
  EXPECT_TRUE(looked(*looker).coverage.whole());
  armed = true;
  const Look look = looked(*looker);
  ASSERT_EQ(deleted, 1) << "the look never came to that step";
  const auto rows = three.rows_under_right_names(look);
  for (const std::size_t other : {0U, 2U}) EXPECT_EQ(rows.at(three.spaces[other]->name()), 2 * kPairs);
  const auto listed = std::ranges::count(look.coverage.namespaces, name, &NamespaceCoverage::name);
  EXPECT_EQ(look.coverage.vanished_namespaces, moment.inside ? 0U : 1U);
  EXPECT_EQ(listed, moment.inside ? 1 : 0);
  EXPECT_EQ(look.coverage.namespaces.size() + look.coverage.vanished_namespaces, 3U);
  EXPECT_EQ(look.coverage.whole(), moment.inside && look.coverage.dump_gaps == 0) << look.coverage.sentence();
  if (moment.step == LookStep::part) {
    EXPECT_GT(rows.at(name), 0) << "its first part was read";
    EXPECT_LT(rows.at(name), 2 * kPairsForParts) << "the rest was not there any more";
  }

  // The kernel ends the sockets of a deleted namespace in a worker of its own: the last rows of some may come one look later.
  Look next = looked(*looker);
  std::erase_if(next.rows, [&](const Row& row) { return row.netns_inode == doomed.inode() && row.row_kind == RowKind::closed; });
  const auto next_rows = three.rows_under_right_names(next);
  EXPECT_EQ(next_rows.size(), 2U);
  for (const std::size_t other : {0U, 2U}) EXPECT_EQ(next_rows.at(three.spaces[other]->name()), 2 * kPairs);
  EXPECT_EQ(next.coverage.namespaces.size(), 2U);
  EXPECT_EQ(next.coverage.vanished_namespaces, 1U) << "it was asked for by its name";
}
INSTANTIATE_TEST_SUITE_P(
    EachStep, Vanishing,
    ::testing::Combine(::testing::Values(UseBpf::no, UseBpf::yes),
                       ::testing::Values(Moment{"found", LookStep::found, false}, Moment{"entering", LookStep::entering, false},
                                         Moment{"inside", LookStep::inside, true}, Moment{"listed", LookStep::listed, true},
                                         Moment{"looked", LookStep::looked, true})),
    [](const auto& used) {
      return std::string(std::get<1>(used.param).name) + (std::get<0>(used.param) == UseBpf::yes ? "_pass" : "_dumps");
    });
// Of each namespace only where it is listed, or only where BPF is used.
INSTANTIATE_TEST_SUITE_P(EachListStep, Vanishing,
                         ::testing::Combine(::testing::Values(UseBpf::no),
                                            ::testing::Values(Moment{"asked", LookStep::asked, true},
                                                              Moment{"part", LookStep::part, true})),
                         [](const auto& used) { return std::string(std::get<1>(used.param).name); });
INSTANTIATE_TEST_SUITE_P(EachPassStep, Vanishing,
                         ::testing::Combine(::testing::Values(UseBpf::yes),
                                            ::testing::Values(Moment{"passed", LookStep::passed, false})),
                         [](const auto& used) { return std::string(std::get<1>(used.param).name); });

class ReusedInode : public ::testing::TestWithParam<UseBpf> {
 protected:
  void SetUp() override {
    if (!testing::is_root()) UNCORK_SKIP_TEST("making network namespaces needs root");
  }
};

/// A descriptor of the namespace itself and not of its mount: /proc shows what it is.
core::Fd descriptor_of(const Space& space) {
  core::Fd inside;
  space.run_inside([&] { inside = core::Fd(::open("/proc/thread-self/ns/net", O_RDONLY)); });
  return inside;
}

/// Whether the inode came into use again: with it the number of a descriptor of ours, which led to the one and leads to the
/// other.
bool look_while_an_inode_is_reused(UseBpf bpf) {
  Three three;
  std::unique_ptr<Space> newcomer;
  core::Fd ours = descriptor_of(*three.spaces[1]);
  EXPECT_TRUE(ours);
  const int number = ours.get();
  bool armed = true;
  const auto looker =
      opened({.namespaces = all_in(three.folder), .bpf = bpf, .on_step = [&](LookStep now, std::uint64_t /*inode*/) {
                if (!armed || now != LookStep::found) return;
                armed = false;
                three.spaces[1]->remove();
                ours = {};
                newcomer = testing::reuse_inode(three.folder, "newcomer", 200, three.spaces[1]->inode());
                if (!newcomer) return;
                newcomer->connect(kPairs);
                core::Fd its = descriptor_of(*newcomer);
                ours = its.get() == number ? std::move(its) : core::Fd(::dup2(its.get(), number));
                EXPECT_TRUE(ours);
              }});
  if (!looker) return true;
  const Look look = looked(*looker);
  if (!newcomer) return false;
  const auto rows = three.rows_under_right_names(look, newcomer.get());
  EXPECT_FALSE(rows.contains(three.spaces[1]->name()));
  EXPECT_GE(look.coverage.vanished_namespaces, 1U);
  const auto next = three.rows_under_right_names(looked(*looker), newcomer.get());
  EXPECT_EQ(next.at(newcomer->name()), 2 * kPairs);
  return true;
}

/// Another program may get the inode first.
constexpr int kAttempts = 4;

TEST_P(ReusedInode, does_not_give_the_name_of_one_that_is_gone_to_another) {
  bool reused = false;
  for (int attempt = 0; attempt < kAttempts && !reused; ++attempt) reused = look_while_an_inode_is_reused(GetParam());
  EXPECT_TRUE(reused) << "no namespace got the inode of the one that is gone";
}

bool look_after_an_inode_was_reused(UseBpf bpf, int number) {
  Three three;
  testing::number_space(three.folder.path() + "/" + three.spaces[1]->name(), number);
  const auto looker = opened({.namespaces = all_in(three.folder), .bpf = bpf, .close_events = true});
  if (!looker) return true;
  (void)looked(*looker);
  three.spaces[1]->connect_shortly();
  three.spaces[1]->remove();
  const auto newcomer = testing::reuse_inode(three.folder, "newcomer", 200, three.spaces[1]->inode());
  if (!newcomer) return false;
  testing::number_space(three.folder.path() + "/" + newcomer->name(), number);
  newcomer->connect(kPairs);
  const Look look = looked(*looker);
  int ends = 0;
  for (const Row& row : look.rows) {
    if (!row.last_row) continue;
    const std::string address = own_address(row);
    if (address != three.spaces[1]->ipv4() && address != three.spaces[1]->ipv6()) continue;
    ++ends;
    EXPECT_NE(row.netns.view(), newcomer->name());
  }
  EXPECT_GT(ends, 0);
  return true;
}

TEST_P(ReusedInode, does_not_give_the_ends_of_its_sockets_to_another) {
  constexpr int kNumber = 3'000'000;  // and one for each attempt: those before may not be free yet
  const int first = kNumber + ::getpid() % 100'000 * 8 + (GetParam() == UseBpf::yes ? kAttempts : 0);
  bool reused = false;
  for (int attempt = 0; attempt < kAttempts && !reused; ++attempt) {
    reused = look_after_an_inode_was_reused(GetParam(), first + attempt);
  }
  EXPECT_TRUE(reused) << "no namespace got the inode of the one that is gone";
}
INSTANTIATE_TEST_SUITE_P(Both, ReusedInode, ::testing::Values(UseBpf::no, UseBpf::yes),
                         [](const auto& used) { return used.param == UseBpf::yes ? "pass" : "dumps"; });

}  // namespace
}  // namespace uncork::probe
