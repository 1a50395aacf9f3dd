// Half-closed connections: the kernel's tcp_probe sees established ones only, so a hold's end must be told by what the socket
// remembers.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "core/syscall.hpp"
#include "tests/net/conversation.hpp"
#include "tests/net/witnessed.hpp"

namespace uncork::net_test {
namespace {

using namespace std::chrono_literals;
using stall::Cause;

class HalfClosed : public Witnessed {
 protected:
  void SetUp() override {
    Witnessed::SetUp();
    connection_ = connect_pair();
  }

  /// Past the first exchanges, whose ACKs are prompt.
  void warm_up() {
    exchange(
        3, connection_,
        [](const core::Fd& client) {
          say(client, 10);
          hear(client, 20);
        },
        [](const core::Fd& server) {
          hear(server, 10);
          say(server, 20);
        });
  }

  Connection connection_;
};

void ask_once_and_shut(const core::Fd& client, std::size_t answer) {
  say(client, 10);
  ::shutdown(client.get(), SHUT_WR);
  hear(client, answer);
}

// Writes a message in two parts, thinks, and writes the next, whose end the client has when it has seen it all.
void answer_twice_with_a_thought(const core::Fd& server, core::Micros thought) {
  hear(server, 10);
  EXPECT_FALSE(hear(server, 1));  // the client's FIN
  for (int i = 0; i < 2; ++i) {
    say(server, 200);
    say(server, 100);  // the first time it is held for 40 ms; the client then stops delaying, since it never writes again
    think(thought);
  }
}

class HalfClosedThought : public HalfClosed, public testing::WithParamInterface<int> {};

TEST_P(HalfClosedThought, of_the_responder_hides_its_hold) {
  warm_up();
  const core::Micros thought = std::chrono::milliseconds(GetParam());
  const auto before = account_of(connection_.server);
  converse(
      connection_, [](const core::Fd& client) { ask_once_and_shut(client, 600); },
      [&](const core::Fd& server) { answer_twice_with_a_thought(server, thought); });
  const auto spent = between(before, account_of(connection_.server));
  // Its own time: the client waits for the second part of the answer, which came no later for what was held of the first. The
  // upper end is wide, since this end may wake up late; what is not thinking was never held.
  EXPECT_TRUE(charges(Cause::local_think, spent, thought * 9 / 10, thought * 2));
  EXPECT_TRUE(loses_nothing(spent));
  EXPECT_TRUE(loses_nothing(account_of(connection_.client).budget));
}

// With the second ACK, of what was held, still to come when the responder goes on, and long after it.
INSTANTIATE_TEST_SUITE_P(Ms, HalfClosedThought, testing::Values(62, 250));

TEST_F(HalfClosed, responder_that_thinks_before_it_closes_is_held_no_longer_than_its_bytes) {
  warm_up();
  const std::uint64_t cookie = cookie_of(connection_.server);
  const auto before = account_of(connection_.server);
  converse(
      connection_, [](const core::Fd& client) { ask_once_and_shut(client, 300); },
      [&](const core::Fd& server) {
        hear(server, 10);
        EXPECT_FALSE(hear(server, 1));
        say(server, 200);
        say(server, 100);
        think(250ms);
        const auto open = between(before, account_of(connection_.server));
        EXPECT_TRUE(charges(Cause::nagle_delayed_ack, open, 36ms, 60ms));
        connection_.server.reset();
      });
  connection_ = {};
  EXPECT_TRUE(charges(Cause::nagle_delayed_ack, between(before, last_row_of(cookie).account), 36ms, 60ms));
}

TEST_F(HalfClosed, responder_that_writes_line_by_line_and_closes_is_not_held) {
  warm_up();
  const std::uint64_t cookie = cookie_of(connection_.server);
  const auto before = account_of(connection_.server);
  converse(
      connection_, [](const core::Fd& client) { ask_once_and_shut(client, 300); },
      [&](const core::Fd& server) {
        hear(server, 10);
        for (int i = 0; i < 3; ++i) say(server, 100);
        ::shutdown(server.get(), SHUT_WR);  // the FIN takes along what is held
        hear(server, 1);
      });
  connection_ = {};
  const auto spent = between(before, last_row_of(cookie).account);
  EXPECT_LE(spent.lost(), 60ms) << to_string(spent);
}

TEST_F(HalfClosed, requester_that_shuts_after_two_writes_is_not_held_while_the_answer_is_thought_of) {
  warm_up();
  const std::uint64_t cookie = cookie_of(connection_.client);
  const auto before = account_of(connection_.client);
  converse(
      connection_,
      [](const core::Fd& client) {
        say(client, 200);
        say(client, 100);
        ::shutdown(client.get(), SHUT_WR);
        hear(client, 50);
      },
      [](const core::Fd& server) {
        hear(server, 300);
        think(300ms);
        say(server, 50);
      });
  const auto spent = between(before, account_of(connection_.client));
  EXPECT_LE(spent[Cause::nagle_delayed_ack], 60ms) << to_string(spent);
  EXPECT_TRUE(charges(Cause::peer_think, spent, 240ms, 500ms));
  connection_ = {};
  const auto last = between(before, last_row_of(cookie).account);
  EXPECT_LE(last[Cause::nagle_delayed_ack], 60ms) << to_string(last);
}

TEST_F(HalfClosed, close_with_bytes_held_ends_their_hold) {
  warm_up();
  const std::uint64_t cookie = cookie_of(connection_.client);
  const auto before = account_of(connection_.client);
  converse(
      connection_,
      [&](const core::Fd& client) {
        say(client, 200);
        say(client, 100);
        connection_.client.reset();
      },
      [](const core::Fd& server) {
        hear(server, 300);
        EXPECT_FALSE(hear(server, 1));
        think(300ms);
      });
  connection_ = {};
  const auto spent = between(before, last_row_of(cookie).account);
  EXPECT_LE(spent.lost(), 60ms) << to_string(spent);
}

}  // namespace
}  // namespace uncork::net_test
