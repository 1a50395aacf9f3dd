#pragma once
// Looks at network namespaces of our own, for tests of how connections end: every last row that comes, by cookie.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "link/namespace.hpp"
#include "probe/look/look.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe::testing {

/// A fixture for both ways of seeing; the parameter says which.
class WatchedEnds : public ::testing::TestWithParam<UseBpf> {
 protected:
  static constexpr core::Micros kPatience = std::chrono::seconds(20);

  void SetUp() override {
    if (!is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
    add_space();
  }

  void add_space() {
    auto made = link::Namespace::make();
    ASSERT_TRUE(made) << made.error().message;
    spaces_.push_back(std::move(*made));
  }

  void open(LookOptions options = {}) {
    options.namespaces = {.kind = WhichNamespaces::Kind::named, .names = {}, .folders = {}};
    for (const auto& space : spaces_) options.namespaces.names.push_back("net:[" + std::to_string(*space.inode()) + "]");
    options.bpf = GetParam();
    options.close_events = true;
    auto opened = Looker::open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    looker_ = std::move(*opened);
    look();
  }

  /// Runs `task` in the first namespace, or another.
  template <typename Task>
  void inside(Task task, std::size_t space = 0) {
    const auto status = spaces_.at(space).inside([&]() -> core::Status {
      task();
      return {};
    });
    ASSERT_TRUE(status) << status.error().message;
  }

  const Look& look() {
    const auto made = looker_->look(look_);
    EXPECT_TRUE(made) << made.error().message;
    close_events_ += look_.coverage.close_events;
    losses_ += look_.coverage.close_events_lost;
    unended_ += look_.coverage.unended_cookies;
    for (const record::Row& row : look_.rows) {
      if (row.last_row) ends_[row.inet_diag_msg_socket_cookie].push_back(row);
      if (row.row_kind == record::RowKind::never_connected && row.inet_diag_msg_state == 10) dropping_listeners_.push_back(row);
    }
    return look_;
  }

  /// Looks again and again until `done`.
  template <typename Done>
  void look_until(Done done) {
    const core::Time deadline = core::MonotonicClock::now() + kPatience;
    for (;;) {
      look();
      if (done() || core::MonotonicClock::now() > deadline) break;
      ASSERT_TRUE(looker_->wait(core::MonotonicClock::now() + std::chrono::milliseconds(20)));
    }
    EXPECT_TRUE(done()) << "not seen in time; " << look_.coverage.sentence() << "; " << ::testing::PrintToString(look_.limits);
  }

  /// The one last row of a socket.
  record::Row end_of(std::uint64_t cookie) {
    if (!ends_.contains(cookie)) look_until([&] { return ends_.contains(cookie); });
    if (!ends_.contains(cookie)) return {};
    EXPECT_EQ(ends_[cookie].size(), 1U);
    return ends_[cookie].front();
  }
  [[nodiscard]] bool ended(std::uint64_t cookie) const { return ends_.contains(cookie); }
  [[nodiscard]] static bool by_bpf() { return GetParam() == UseBpf::yes; }

  std::vector<link::Namespace> spaces_;
  std::unique_ptr<Looker> looker_;
  Look look_;
  std::map<std::uint64_t, std::vector<record::Row>> ends_;
  std::vector<record::Row> dropping_listeners_;
  std::uint64_t close_events_ = 0;
  std::uint64_t losses_ = 0;
  std::uint64_t unended_ = 0;
};

}  // namespace uncork::probe::testing
