// Writers that are kept from sending by the peer's window or by their own send buffer.
#include <gtest/gtest.h>

#include <optional>

#include "core/syscall.hpp"
#include "tests/net/conversation.hpp"
#include "tests/net/witnessed.hpp"

namespace uncork::net_test {
namespace {

using namespace std::chrono_literals;
using stall::Cause;

class Limits : public Witnessed {};

TEST_F(Limits, reader_that_stops_is_charged_to_the_receive_window) {
  // Each part is many times what both buffers hold, so that the writer is blocked in every pause. What the window lets through
  // never fills the send buffer: else that would be the limit, for as long as the peer delays its ACK of the last of it.
  constexpr std::size_t kPart = 4 << 20;
  constexpr core::Micros kPause = 300ms;
  const Connection connection = connect_pair({.send_buffer_bytes = 512 << 10, .receive_buffer_bytes = 32 << 10});
  converse(
      connection, [](const core::Fd& client) { say(client, 4 * kPart); },
      [&](const core::Fd& server) {
        for (int i = 0; i < 3; ++i) {
          think(kPause);
          hear(server, kPart);
        }
        hear(server, kPart);
      });
  const auto writer = account_of(connection.client);
  // What is more than the pauses: the kernel's probes of a closed window find it open late.
  EXPECT_TRUE(charges(Cause::receive_window, writer.budget, 3 * kPause * 9 / 10, 3 * kPause + 1500ms));
  EXPECT_TRUE(mostly(Cause::receive_window, writer.budget));
  EXPECT_TRUE(loses_nothing(account_of(connection.server).budget));
}

TEST_F(Limits, writer_blocked_on_a_small_buffer_is_charged_to_the_send_buffer) {
  auto link = link::Link::make({.impairments = {.one_way = 25ms}});
  if (!link) UNCORK_SKIP_TEST(link.error().message);
  constexpr std::size_t kOpening = 128 << 10;  // the congestion window is the limit at first: let it grow
  constexpr std::size_t kMessage = 256 << 10;
  auto judged = ::testing::AssertionFailure();
  for (int tries = 0; tries < 3 && !judged; ++tries) {  // a writer that is let go and does not run is nobody's stall
    const Connection connection = connect_over(*link, {.send_buffer_bytes = 8 << 10});
    set_nodelay(connection);
    core::Micros blocked{0};
    std::optional<stall::Account> before;
    converse(
        connection,
        [&](const core::Fd& client) {
          say(client, kOpening);
          before = account_of(connection.client);
          const core::Time begin = core::MonotonicClock::now();
          say(client, kMessage);
          blocked = core::MonotonicClock::now() - begin;
        },
        [&](const core::Fd& server) { hear(server, kOpening + kMessage); });
    const auto spent = between(*before, account_of(connection.client));
    EXPECT_GE(blocked, 150ms);
    // Not all of it: the last bytes need no room, and leave after the writer was let go.
    judged = charges(Cause::send_buffer, spent, blocked * 9 / 10, blocked * 11 / 10);
  }
  EXPECT_TRUE(judged);
}

}  // namespace
}  // namespace uncork::net_test
