// Partial segments held by TCP_CORK and MSG_MORE with nothing in flight.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tests/net/conversation.hpp"
#include "tests/net/witnessed.hpp"

namespace uncork::net_test {
namespace {

using namespace std::chrono_literals;
using stall::Cause;

// How long each of the client's messages lay corked: from its write to the server's answer, which comes at once.
class Corked : public Witnessed {
 protected:
  void provoke(int times, const std::function<void(const core::Fd&)>& write_message) {
    connection_ = connect_pair();
    exchange(
        times, connection_,
        [&](const core::Fd& client) {
          const core::Time begin = core::MonotonicClock::now();
          write_message(client);
          hear(client, 1);
          provoked_ += core::MonotonicClock::now() - begin;
        },
        [](const core::Fd& server) {
          hear(server, 300);
          say(server, 1);
        });
  }

  void expect_the_provoked_time_is_the_corks() {
    const auto account = account_of(connection_.client);
    EXPECT_TRUE(charges(Cause::cork, account.budget, provoked_ * 9 / 10, provoked_));
    EXPECT_TRUE(mostly(Cause::cork, account.budget));
    EXPECT_EQ(account.budget.lost(), account.budget[Cause::cork]) << to_string(account.budget);
    EXPECT_TRUE(loses_nothing(account_of(connection_.server).budget));
  }

  /// The application let it go itself, and the server had to wait for that, corked or not.
  void expect_the_provoked_time_is_the_applications() {
    const auto account = account_of(connection_.client);
    EXPECT_TRUE(charges(Cause::local_think, account.budget, provoked_ * 9 / 10, provoked_));
    EXPECT_TRUE(loses_nothing(account.budget));
    EXPECT_GE(account.late(Cause::cork).total, provoked_ * 9 / 10);  // late all the same
    EXPECT_TRUE(loses_nothing(account_of(connection_.server).budget));
  }

  Connection connection_;
  core::Micros provoked_{0};
};

TEST_F(Corked, tcp_cork_until_the_kernels_timer_lets_go) {
  provoke(5, [](const core::Fd& client) {
    set_tcp(client, TCP_CORK, 1);
    say(client, 300);
  });
  EXPECT_GE(provoked_, 5 * 190ms);  // tcp(7): "there is a 200 millisecond ceiling"
  expect_the_provoked_time_is_the_corks();
}

TEST_F(Corked, tcp_cork_until_it_is_cleared) {
  provoke(10, [](const core::Fd& client) {
    set_tcp(client, TCP_CORK, 1);
    say(client, 300);
    think(80ms);
    set_tcp(client, TCP_CORK, 0);
  });
  EXPECT_GE(provoked_, 10 * 80ms);
  expect_the_provoked_time_is_the_applications();
}

TEST_F(Corked, tcp_cork_until_nodelay_pushes) {
  provoke(10, [](const core::Fd& client) {
    set_tcp(client, TCP_CORK, 1);
    set_tcp(client, TCP_NODELAY, 0);
    say(client, 300);
    think(60ms);
    set_tcp(client, TCP_NODELAY, 1);
  });
  EXPECT_GE(provoked_, 10 * 60ms);
  expect_the_provoked_time_is_the_applications();
}

TEST_F(Corked, msg_more_until_the_kernels_timer_lets_go) {
  provoke(5, [](const core::Fd& client) { say(client, 300, MSG_MORE); });
  EXPECT_GE(provoked_, 5 * 190ms);
  expect_the_provoked_time_is_the_corks();
}

TEST_F(Corked, msg_more_with_nodelay_until_the_last_part_is_written) {
  provoke(10, [](const core::Fd& client) {
    set_tcp(client, TCP_NODELAY, 1);
    say(client, 200, MSG_MORE);
    think(50ms);
    say(client, 100);
  });
  EXPECT_GE(provoked_, 10 * 50ms);
  expect_the_provoked_time_is_the_applications();
}

}  // namespace
}  // namespace uncork::net_test
