// A loopback with a round trip, in a network of its own: how long it takes, what it loses, and that ::1 stays as it was.

#include "link/loopback.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/syscall.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::link {
namespace {

using namespace std::chrono_literals;

/// What `body` returns, run in a process that has a network of its own; empty: success.
std::string in_own_network(const std::function<std::string()>& body) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    const auto entered = enter_own_network();
    const std::string said = entered ? body() : "SKIP " + entered.error().message;
    (void)!::write(ends[1], said.data(), said.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  std::array<char, 4096> chunk{};
  for (ssize_t got = 0; (got = ::read(ends[0], chunk.data(), chunk.size())) > 0;)
    said.append(chunk.data(), static_cast<std::size_t>(got));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return said;
}

struct Connection {
  core::Fd client;
  core::Fd server;
};

core::Result<Connection> connect_at(const core::Endpoint& address) {
  const auto listener = core::tcp_listen(address);
  if (!listener) return core::fail(listener.error());
  auto client = core::tcp_connect(*core::local_endpoint(*listener));
  if (!client) return core::fail(client.error());
  auto server = core::tcp_accept(*listener);
  if (!server) return core::fail(server.error());
  return Connection{std::move(*client), std::move(*server)};
}

constexpr core::Endpoint kFour = {core::Endpoint::Family::v4, {127, 0, 0, 1}, 0};
constexpr core::Endpoint kSix = {core::Endpoint::Family::v6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0};

/// The shortest of ten; one byte there and one back.
core::Micros round_trip(const Connection& over) {
  core::Micros least = 1h;
  std::array<std::byte, 1> byte{};
  for (int i = 0; i < 10; ++i) {
    const core::Time begun = core::MonotonicClock::now();
    (void)core::send_all(over.client, byte);
    (void)core::read_some(over.server, byte);
    (void)core::send_all(over.server, byte);
    (void)core::read_some(over.client, byte);
    least = std::min(least, core::MonotonicClock::now() - begun);
  }
  return least;
}

void judge(const std::string& said) {
  if (said.starts_with("SKIP ")) UNCORK_SKIP_TEST(said.substr(5));
  EXPECT_EQ(said, "");
}

class Loopback : public testing::Test {
 protected:
  void SetUp() override {
    if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root to make a network namespace");
  }
};

TEST_F(Loopback, has_the_round_trip_that_is_asked_for) {
  judge(in_own_network([]() -> std::string {
    const auto device = impair_loopback({.one_way = 5ms});
    if (!device) return "SKIP " + device.error().message;
    const auto over = connect_at(kFour);
    if (!over) return over.error().message;
    if (const core::Micros took = round_trip(*over); took < 10ms || took > 30ms) return std::to_string(took.count()) + " us";
    if (*core::get_option(over->client, IPPROTO_TCP, TCP_MAXSEG) != 1448) return "another segment size";
    const auto other = connect_at({core::Endpoint::Family::v4, {127, 7, 7, 7}, 0});
    if (!other) return other.error().message;
    if (round_trip(*other) < 10ms) return "the rest of 127.0.0.0/8 has none";
    return (*device)->counters().carried < 40 ? "packets took another way" : "";
  }));
}

TEST_F(Loopback, leaves_ipv6_as_it_was) {
  judge(in_own_network([]() -> std::string {
    const auto device = impair_loopback({.one_way = 20ms});
    if (!device) return "SKIP " + device.error().message;
    const auto over = connect_at(kSix);
    if (!over) return over.error().message;
    const core::Micros took = round_trip(*over);
    return took < 20ms ? "" : std::to_string(took.count()) + " us";
  }));
}

TEST_F(Loopback, loses_packets_and_tcp_makes_up_for_them) {
  judge(in_own_network([]() -> std::string {
    const auto device = impair_loopback({.loss = 0.02});
    if (!device) return "SKIP " + device.error().message;
    const auto over = connect_at(kFour);
    if (!over) return over.error().message;
    std::jthread writer([&] { (void)core::send_all(over->client, std::vector<std::byte>(2'000'000, std::byte{'x'})); });
    std::vector<std::byte> chunk(65'536);
    for (std::size_t got = 0; got < 2'000'000;) {
      const auto more = core::wait_readable(over->server, core::MonotonicClock::now() + 30s);
      if (!more || !*more) return "nothing came for 30 s after " + std::to_string(got);
      got += core::read_some(over->server, chunk)->count;
    }
    const Counters counters = (*device)->counters();
    return counters.lost >= 10 && counters.lost < counters.carried / 10 ? "" : std::to_string(counters.lost) + " lost";
  }));
}

TEST_F(Loopback, without_impairments_a_network_of_ones_own_is_plain_and_knows_nobody) {
  const auto outside = core::tcp_listen(kFour);
  ASSERT_TRUE(outside);
  const core::Endpoint where = *core::local_endpoint(*outside);
  judge(in_own_network([&]() -> std::string {
    if (core::tcp_connect(where)) return "it reaches who listens outside";
    const auto over = connect_at(kFour);
    if (!over) return over.error().message;
    return round_trip(*over) < 5ms ? "" : "slow";
  }));
}

}  // namespace
}  // namespace uncork::link
