// Acknowledgements hurried from outside: on which sockets, what that gives back, and that an undo is exact.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "core/syscall.hpp"
#include "cure/watcher.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/cure/target_process.hpp"

namespace uncork::cure {
namespace {

using testing::connect_pair;
using testing::Connection;
using testing::TargetProcess;

class QuickAcks : public ::testing::Test {
 protected:
  [[nodiscard]] CureOptions options() const { return {std::nullopt, scratch_.states(), SocketOption::quick_acks}; }
  static bool hurried(const core::Fd& socket) { return is_set(socket, SocketOption::quick_acks).value(); }

  testing::ScratchDirectory scratch_;
  Connection connection_ = connect_pair();
  TargetProcess target_ = TargetProcess::holding({connection_.server.get()});
};

TEST_F(QuickAcks, are_set_and_taken_back_and_leave_nagle_alone) {
  const auto cured = cure_process(target_.pid(), options());
  ASSERT_TRUE(cured.has_value()) << cured.error().message;
  EXPECT_EQ(cured->changed, 1U);
  EXPECT_TRUE(hurried(connection_.server));
  EXPECT_FALSE(hurried(connection_.client));
  EXPECT_FALSE(testing::nodelay(connection_.server));
  const auto undone = undo_process(target_.pid(), options());
  ASSERT_TRUE(undone.has_value()) << undone.error().message;
  EXPECT_EQ(undone->undone, 1U);
  EXPECT_FALSE(hurried(connection_.server));
}

TEST_F(QuickAcks, leave_the_programs_own_choice) {
  ASSERT_TRUE(core::set_option(connection_.server, IPPROTO_TCP, 46 /* TCP_DELACK_MAX_US */, 100'000).has_value());
  EXPECT_EQ(cure_process(target_.pid(), options())->changed, 0U);
  EXPECT_EQ(undo_process(target_.pid(), options())->undone, 0U);
  EXPECT_TRUE(hurried(connection_.server));
}

/// One exchange of a client that writes in two pieces, which Nagle's algorithm holds apart.
core::Micros exchange(const Connection& connection) {
  std::array<std::byte, 100> bytes{};
  const core::Time begun = core::MonotonicClock::now();
  EXPECT_TRUE(core::send_all(connection.client, bytes).has_value());
  EXPECT_TRUE(core::send_all(connection.client, bytes).has_value());
  for (std::size_t have = 0; have < 2 * bytes.size();) {
    const auto got = core::read_some(connection.server, bytes, "read");
    if (!got || got->kind != core::ReadOutcome::Kind::bytes) break;
    have += got->count;
  }
  EXPECT_TRUE(core::send_all(connection.server, std::span(bytes).first(50)).has_value());
  EXPECT_TRUE(core::read_some(connection.client, bytes, "read").has_value());
  return core::MonotonicClock::now() - begun;
}

/// Of so many, the middle one: the first are acknowledged at once anyway (tcp_input.c: tcp_enter_quickack_mode).
core::Micros middle_exchange(const Connection& connection) {
  std::vector<core::Micros> took;
  for (int i = 0; i < 15; ++i) took.push_back(exchange(connection));
  std::ranges::nth_element(took, took.begin() + 7);
  return took[7];
}

TEST_F(QuickAcks, end_most_of_the_wait_of_a_peer_that_holds) {
  const core::Micros before = middle_exchange(connection_);
  ASSERT_GT(before, core::Micros(20'000)) << "nothing was held";
  ASSERT_EQ(cure_process(target_.pid(), options())->changed, 1U);
  // Two ticks are 20 ms where a second has 100; a machine that is slow to wake us gets more tries.
  core::Micros after = middle_exchange(connection_);
  for (int tried = 0; tried < 4 && after * 4 > before * 3; ++tried) after = middle_exchange(connection_);
  EXPECT_LE(after * 4, before * 3);
  EXPECT_GT(after, core::Micros(0));
}

}  // namespace
}  // namespace uncork::cure
