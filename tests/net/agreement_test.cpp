// The kernel's ledger and the C++ one, which is fed the streamed events of the same traffic, are held to each other.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cmath>
#include <thread>
#include <unordered_map>

#include "stall/ledger.hpp"
#include "tests/net/conversation.hpp"
#include "tests/net/witnessed.hpp"

namespace uncork::net_test {
namespace {

using namespace std::chrono_literals;

class Agreement : public Witnessed {
 protected:
  void SetUp() override { attach({.stream = true}); }

  /// Runs `traffic` while its events feed ledgers, then compares both ends of `connection`.
  void expect_agreement(const Connection& connection, const std::function<void()>& traffic) {
    std::jthread talking(traffic);
    std::unordered_map<std::uint64_t, stall::Ledger> ledgers;
    const auto feed = [&](const probe::SocketEvent& event) { ledgers[event.cookie].feed(event.event); };
    talking.join();
    must(witness_->read_events(0ms, feed));
    for (const core::Fd* end : {&connection.client, &connection.server}) {
      const stall::Budget kernel = account_of(*end).budget;
      const stall::Ledger& ours = ledgers[cookie_of(*end)];
      // What no event has ended yet is charged as if it ended now, as in the kernel's row.
      const stall::Budget charged = ours.concluded().budget;
      EXPECT_EQ((ours.charged_until() - ours.opened_at()).count(),
                (ours.account().budget.total() + ours.held() + ours.pending()).count());
      EXPECT_GT(kernel.total(), 10ms) << "nothing was said";
      for (const stall::Cause cause : stall::all_causes()) {
        const auto apart = std::abs((kernel[cause] - charged[cause]).count());
        EXPECT_LE(apart, kernel.total().count() / 100)
            << stall::name(cause) << ": kernel " << to_string(kernel) << "; ours " << to_string(charged);
      }
      EXPECT_EQ(account_of(*end).exchanges, ours.account().exchanges);
      EXPECT_EQ(account_of(*end).holds, ours.concluded().holds);
    }
    EXPECT_EQ(witness_->losses().ring_full, 0U);
  }
};

TEST_F(Agreement, on_a_conversation_that_stalls) {
  const Connection connection = connect_pair();
  expect_agreement(connection, [&] {
    exchange(
        25, connection,
        [](const core::Fd& client) {
          say(client, 200);
          say(client, 100);
          hear(client, 1);
        },
        [](const core::Fd& server) {
          hear(server, 300);
          say(server, 1);
        });
  });
}

TEST_F(Agreement, on_a_healthy_conversation) {
  const Connection connection = connect_pair();
  set_nodelay(connection);
  expect_agreement(connection, [&] {
    exchange(
        2000, connection,
        [](const core::Fd& client) {
          say(client, 200);
          hear(client, 1);
        },
        [](const core::Fd& server) {
          hear(server, 200);
          say(server, 1);
        });
  });
}

TEST_F(Agreement, on_corked_answers) {
  const Connection connection = connect_pair();
  expect_agreement(connection, [&] {
    exchange(
        4, connection,
        [](const core::Fd& client) {
          say(client, 20);
          hear(client, 300);
        },
        [](const core::Fd& server) {
          hear(server, 20);
          set_tcp(server, TCP_CORK, 1);
          say(server, 200);
          think(60ms);
          say(server, 100);
          set_tcp(server, TCP_CORK, 0);
        });
  });
}

TEST_F(Agreement, on_a_bulk_transfer_to_a_reader_that_pauses) {
  const Connection connection = connect_pair({.receive_buffer_bytes = 32 << 10});
  constexpr std::size_t kPart = 2 << 20;
  expect_agreement(connection, [&] {
    converse(
        connection, [](const core::Fd& client) { say(client, 3 * kPart); },
        [](const core::Fd& server) {
          for (int i = 0; i < 3; ++i) {
            think(100ms);
            hear(server, kPart);
          }
        });
  });
}

}  // namespace
}  // namespace uncork::net_test
