// Holds by Nagle's algorithm, provoked for real: who pays, and at which end.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/uio.h>

#include <array>
#include <optional>

#include "core/syscall.hpp"
#include "tests/net/conversation.hpp"
#include "tests/net/witnessed.hpp"

namespace uncork::net_test {
namespace {

using namespace std::chrono_literals;
using stall::Cause;

void ask_in_two_writes(const core::Fd& socket) {
  say(socket, 200);
  say(socket, 100);
  hear(socket, 1);
}

void answer_in_one_write(const core::Fd& socket) {
  hear(socket, 300);
  say(socket, 1);
}

// Acknowledges every segment at once: TCP_QUICKACK does not stick, so it is set again before every receive.
void answer_with_prompt_acks(const core::Fd& socket) {
  for (const std::size_t part : {200U, 100U}) {
    set_tcp(socket, TCP_QUICKACK, 1);
    hear(socket, part);
  }
  say(socket, 1);
}

class Nagle : public Witnessed {};

TEST_F(Nagle, hold_of_the_second_write_is_charged_to_the_delayed_ack_at_the_sender) {
  const Connection connection = connect_pair();
  exchange(25, connection, ask_in_two_writes, answer_in_one_write);
  const auto sender = account_of(connection.client);
  EXPECT_TRUE(mostly(Cause::nagle_delayed_ack, sender.budget));
  // 40 ms each, but the first exchanges escape: a fresh connection acknowledges at once.
  EXPECT_TRUE(charges(Cause::nagle_delayed_ack, sender.budget, 20 * 38ms, 25 * 60ms));
  EXPECT_GE(sender.holds, 20U);
  EXPECT_EQ(sender.exchanges, 25U);
  EXPECT_EQ(sender.writes, 50U);
  EXPECT_TRUE(loses_nothing(account_of(connection.server).budget));
}

TEST_F(Nagle, hold_in_an_answer_is_charged_to_the_responder) {
  const Connection connection = connect_pair();
  exchange(
      25, connection,
      [](const core::Fd& client) {
        say(client, 1);
        hear(client, 300);
      },
      [](const core::Fd& server) {
        hear(server, 1);
        say(server, 200);
        say(server, 100);
      });
  EXPECT_TRUE(mostly(Cause::nagle_delayed_ack, account_of(connection.server).budget));
  EXPECT_TRUE(loses_nothing(account_of(connection.client).budget));
}

TEST_F(Nagle, costs_nothing_with_nodelay) {
  const Connection connection = connect_pair();
  set_nodelay(connection);
  exchange(200, connection, ask_in_two_writes, answer_in_one_write);
  EXPECT_TRUE(loses_nothing(account_of(connection.client).budget));
  EXPECT_TRUE(loses_nothing(account_of(connection.server).budget));
}

TEST_F(Nagle, costs_nothing_when_a_message_is_one_write) {
  const Connection connection = connect_pair();
  exchange(
      200, connection,
      [](const core::Fd& client) {
        say(client, 300);
        hear(client, 1);
      },
      answer_in_one_write);
  EXPECT_TRUE(loses_nothing(account_of(connection.client).budget));
  EXPECT_TRUE(loses_nothing(account_of(connection.server).budget));
}

TEST_F(Nagle, costs_nothing_when_a_message_is_one_writev) {
  const Connection connection = connect_pair();
  std::array<char, 300> message{};
  exchange(
      200, connection,
      [&](const core::Fd& client) {
        const std::array<iovec, 2> parts = {iovec{message.data(), 200}, iovec{message.data() + 200, 100}};
        must(core::checked("writev", [&] { return ::writev(client.get(), parts.data(), parts.size()); }));
        hear(client, 1);
      },
      answer_in_one_write);
  EXPECT_TRUE(loses_nothing(account_of(connection.client).budget));
  EXPECT_TRUE(loses_nothing(account_of(connection.server).budget));
}

class NagleOverAPath : public Witnessed {
 protected:
  void SetUp() override {
    Witnessed::SetUp();
    if (witness_ == nullptr) return;
    auto made = link::Link::make({.impairments = {.one_way = 10ms}});
    if (made) {
      link_ = std::move(*made);
    } else {
      UNCORK_SKIP_TEST(made.error().message);
    }
  }
  std::optional<link::Link> link_;
};

TEST_F(NagleOverAPath, hold_for_a_prompt_ack_is_charged_to_the_round_trip) {
  const Connection connection = connect_over(*link_);
  exchange(20, connection, ask_in_two_writes, answer_with_prompt_acks);
  const auto sender = account_of(connection.client);
  // 20 ms each; the carrier's thread wakes a little late, more on a loaded machine.
  EXPECT_TRUE(charges(Cause::nagle_round_trip, sender.budget, 20 * 19ms, 20 * 30ms));
  EXPECT_EQ(sender.budget[Cause::nagle_delayed_ack], 0us) << to_string(sender.budget);
  EXPECT_TRUE(loses_nothing(account_of(connection.server).budget));
}

TEST_F(NagleOverAPath, hold_for_a_delayed_ack_is_charged_to_it_round_trip_included) {
  const Connection connection = connect_over(*link_);
  exchange(3, connection, ask_in_two_writes, answer_in_one_write);  // a fresh connection acknowledges at once
  const auto before = account_of(connection.client);
  exchange(15, connection, ask_in_two_writes, answer_in_one_write);
  const auto spent = between(before, account_of(connection.client));
  // 20 ms to and fro and 40 ms of the peer's timer, which rounds up to its tick; late on a loaded machine.
  EXPECT_TRUE(charges(Cause::nagle_delayed_ack, spent, 15 * 57ms, 15 * 80ms));
  EXPECT_EQ(spent[Cause::nagle_round_trip], 0us) << to_string(spent);
  EXPECT_TRUE(loses_nothing(account_of(connection.server).budget));
}

}  // namespace
}  // namespace uncork::net_test
