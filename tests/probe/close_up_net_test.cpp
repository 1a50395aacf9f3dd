// Single sockets, looked at again between two looks.

#include "probe/look/close_up.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "probe/look/look.hpp"
#include "tests/probe/privilege.hpp"
#include "tests/probe/space.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;
using testing::Space;
using testing::SpaceFolder;

constexpr std::size_t kBytes = 1000;

/// Namespaces with sockets, and what a look says of them.
class CloseUps : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::is_root()) UNCORK_SKIP_TEST("needs root to make network namespaces");
    for (unsigned i = 0; i < 2; ++i) {
      spaces_.push_back(std::make_unique<Space>(folder_, "close" + std::to_string(i), i + 1));
      spaces_.back()->connect(4);
    }
    auto looker = Looker::open({.namespaces = {.kind = WhichNamespaces::Kind::all, .folders = {folder_.path()}}});
    ASSERT_TRUE(looker) << looker.error().message;
    looker_ = std::move(*looker);
    ASSERT_TRUE(looker_->look(look_));
    for (const auto& space : spaces_) {
      for (const Row& row : look_.rows) {
        if (row.netns_inode == space->inode() && row.inet_diag_msg_state == 1) known_.push_back(row);
      }
    }
    ASSERT_EQ(known_.size(), 16U);
  }

  void send_everywhere() const {
    const std::vector<char> bytes(kBytes, 'x');
    for (const auto& space : spaces_) {
      for (const auto& pair : space->pairs()) {
        ASSERT_EQ(::write(pair.client.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
      }
    }
  }

  SpaceFolder folder_;
  std::vector<std::unique_ptr<Space>> spaces_;
  std::unique_ptr<Looker> looker_;
  Look look_;
  std::vector<Row> known_;
  std::vector<Row> found_;
  CloseUp close_up_;
};

TEST_F(CloseUps, have_the_counters_of_now_and_the_names_of_the_look) {
  send_everywhere();
  ASSERT_TRUE(close_up_.look(known_, found_));
  ASSERT_EQ(found_.size(), known_.size());
  std::size_t receivers = 0;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const Row& before = known_[i];
    const Row& now = found_[i];
    EXPECT_EQ(now.inet_diag_msg_socket_cookie, before.inet_diag_msg_socket_cookie);
    EXPECT_EQ(now.netns.view(), before.netns.view());
    EXPECT_EQ(now.pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(now.command.view(), before.command.view());
    EXPECT_GT(now.timestamp_ns, before.timestamp_ns);
    EXPECT_FALSE(now.knows(Block::ledger));
    EXPECT_EQ(now.unknown_attributes, before.unknown_attributes);
    receivers += now.tcp_info_bytes_received == before.tcp_info_bytes_received + kBytes ? 1 : 0;
  }
  EXPECT_EQ(receivers, known_.size() / 2);
}

TEST_F(CloseUps, pass_over_what_has_ended) {
  spaces_[0]->close_sockets();
  ASSERT_TRUE(close_up_.look(known_, found_));
  EXPECT_EQ(found_.size(), known_.size() / 2);
  for (const Row& row : found_) EXPECT_EQ(row.netns_inode, spaces_[1]->inode());
}

TEST_F(CloseUps, never_mistake_another_socket_for_one) {
  for (Row& row : known_) row.inet_diag_msg_socket_cookie += 1'000'000;
  ASSERT_TRUE(close_up_.look(known_, found_));
  EXPECT_THAT(found_, ::testing::IsEmpty());
}

TEST_F(CloseUps, pass_over_a_namespace_that_cannot_be_entered) {
  for (Row& row : known_) {
    if (row.netns_inode == spaces_[1]->inode()) row.netns_inode = 1;
  }
  ASSERT_TRUE(close_up_.look(known_, found_));
  EXPECT_EQ(found_.size(), known_.size() / 2);
}

TEST_F(CloseUps, go_on_in_a_namespace_until_it_is_left) {
  ASSERT_TRUE(close_up_.look(known_, found_));
  ASSERT_EQ(found_.size(), known_.size());
  for (Row& row : known_) row.pid = 0;  // there is no way in any more
  ASSERT_TRUE(close_up_.look(known_, found_));
  EXPECT_EQ(found_.size(), 2 * known_.size());
  close_up_.keep_only({});
  ASSERT_TRUE(close_up_.look(known_, found_));
  EXPECT_EQ(found_.size(), 2 * known_.size());
}

}  // namespace
}  // namespace uncork::probe
