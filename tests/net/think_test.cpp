// Thinking is no stall, though it may last just as long as a delayed ACK.
#include <gtest/gtest.h>

#include "tests/net/conversation.hpp"
#include "tests/net/witnessed.hpp"

namespace uncork::net_test {
namespace {

using namespace std::chrono_literals;
using stall::Cause;

struct Thought {
  int ms;
  bool nodelay;
};

class Thinking : public Witnessed, public testing::WithParamInterface<Thought> {};

TEST_P(Thinking, is_local_think_there_and_peer_think_here) {
  constexpr int kTimes = 20;
  const core::Micros thought = std::chrono::milliseconds(GetParam().ms);
  const Connection connection = connect_pair();
  if (GetParam().nodelay) set_nodelay(connection);
  exchange(
      kTimes, connection,
      [](const core::Fd& client) {
        say(client, 300);
        hear(client, 200);
      },
      [&](const core::Fd& server) {
        hear(server, 300);
        think(thought);
        say(server, 200);
      });
  const auto there = account_of(connection.server).budget;
  const auto here = account_of(connection.client).budget;
  // Sleeps end late, on a loaded machine by milliseconds.
  EXPECT_TRUE(charges(Cause::local_think, there, kTimes * thought, kTimes * (thought + 20ms)));
  EXPECT_TRUE(mostly(Cause::local_think, there));
  EXPECT_TRUE(charges(Cause::peer_think, here, kTimes * thought * 95 / 100, kTimes * (thought + 20ms)));
  EXPECT_TRUE(mostly(Cause::peer_think, here));
  EXPECT_TRUE(loses_nothing(there));
  EXPECT_TRUE(loses_nothing(here));
}

INSTANTIATE_TEST_SUITE_P(Times, Thinking,
                         testing::Values(Thought{30, false}, Thought{40, false}, Thought{60, false}, Thought{30, true},
                                         Thought{40, true}, Thought{60, true}),
                         [](const auto& test) {
                           return std::to_string(test.param.ms) + (test.param.nodelay ? "_ms_nodelay" : "_ms_nagle");
                         });

}  // namespace
}  // namespace uncork::net_test
