// Rows over TCP and Unix streams that break.

#include "sink/outlet/stream_outlet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "collect/courier.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/sink/servers.hpp"

namespace uncork::sink {
namespace {

using testing::eventually;
using testing::StreamServer;
using Kind = Delivery::Kind;

Parcel line(std::uint32_t number, std::size_t size = 0) {
  return {std::to_string(number) + std::string(size, ' ') + "\n", 1, Framing::lines};
}

core::Time soon(core::Micros from_now = std::chrono::seconds(5)) { return core::MonotonicClock::now() + from_now; }

/// The numbers of all lines, in order of arrival.
std::vector<std::uint32_t> numbers(const StreamServer& server) {
  std::vector<std::uint32_t> numbers;
  for (const std::string& text : server.lines()) numbers.push_back(static_cast<std::uint32_t>(std::stoul(text)));
  return numbers;
}

/// How many different numbers have come: what was repeated after an outage counts once.
std::size_t different(const StreamServer& server) {
  const std::vector<std::uint32_t> all = numbers(server);
  return std::set<std::uint32_t>(all.begin(), all.end()).size();
}

class Streams : public ::testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] std::string at() const {
    return std::string(GetParam()) == "unix" ? "unix:" + folder_.path() + "/socket" : "tcp:127.0.0.1:0";
  }
  const cure::testing::ScratchDirectory folder_;
};

TEST_P(Streams, carry_parcels_one_after_the_other) {
  StreamServer server(at());
  StreamOutlet outlet(server.destination());
  for (std::uint32_t i = 0; i < 50; ++i) ASSERT_EQ(outlet.deliver(line(i), soon()).kind, Kind::delivered);
  EXPECT_TRUE(outlet.flush(soon()));
  EXPECT_EQ(outlet.unconfirmed_bytes(), 0U);
  EXPECT_TRUE(eventually([&] { return server.lines().size() == 50; }));
  EXPECT_EQ(server.received().size(), 1U);
}

TEST_P(Streams, to_nobody_are_not_now_and_say_why) {
  StreamServer server(at());
  server.stop();
  StreamOutlet outlet(server.destination());
  const Delivery delivery = outlet.deliver(line(1), soon());
  EXPECT_EQ(delivery.kind, Kind::not_now);
  EXPECT_THAT(delivery.why, ::testing::HasSubstr("connect " + to_string(server.destination())));
  server.start();
  EXPECT_EQ(outlet.deliver(line(1), soon()).kind, Kind::delivered);
}

TEST_P(Streams, a_receiver_that_does_not_read_takes_up_to_the_deadline_and_nothing_is_cut) {
  StreamServer server(at());
  server.is_deaf = true;
  StreamOutlet outlet(server.destination());
  const Parcel large = line(7, 20'000'000);
  EXPECT_EQ(outlet.deliver(large, soon(std::chrono::milliseconds(50))).kind, Kind::going_on);
  EXPECT_EQ(outlet.deliver(large, {}).kind, Kind::going_on);
  server.is_deaf = false;
  EXPECT_EQ(outlet.deliver(large, soon(std::chrono::seconds(30))).kind, Kind::delivered);
  EXPECT_EQ(outlet.deliver(line(8), soon()).kind, Kind::delivered);
  EXPECT_TRUE(eventually([&] { return server.lines().size() == 2; }));
  EXPECT_EQ(numbers(server), (std::vector<std::uint32_t>{7, 8}));
}

TEST_P(Streams, a_parcel_given_up_in_the_middle_ends_its_connection) {
  StreamServer server(at());
  server.is_deaf = true;
  StreamOutlet outlet(server.destination());
  EXPECT_EQ(outlet.deliver(line(1, 20'000'000), soon(std::chrono::milliseconds(20))).kind, Kind::going_on);
  outlet.forget();
  server.is_deaf = false;
  EXPECT_EQ(outlet.deliver(line(2), soon()).kind, Kind::delivered);
  EXPECT_TRUE(eventually([&] { return server.received().size() == 2 && server.received()[1] == "2\n"; }));
}

TEST_P(Streams, a_server_killed_and_started_again_gets_every_parcel) {
  StreamServer server(at());
  collect::CourierOptions options{.name = "stream", .backoff = {.first = core::Micros(1'000), .most = core::Micros(20'000)}};
  options.backlog.spool = collect::SpoolOptions{.folder = folder_.path() + "/spool"};
  auto courier = *collect::Courier::start(std::make_unique<StreamOutlet>(server.destination()), options);
  std::uint32_t sent = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) courier->send(line(sent++));
    // Killed when it has read all: of what a TCP peer's kernel took and it did not read nobody knows.
    ASSERT_TRUE(eventually([&] { return different(server) == sent; }));
    server.stop();
    for (int i = 0; i < 100; ++i) courier->send(line(sent++));
    ASSERT_TRUE(eventually([&] { return !courier->stats().trouble.empty(); }));
    EXPECT_EQ(courier->stats().waiting.parcels, 0U) << "during the outage all is on disk";
    server.start();
    ASSERT_TRUE(eventually([&] { return courier->stats().delivered.parcels == sent; }));
  }
  EXPECT_EQ(courier->stop(soon()).sentence("x"), "");
  EXPECT_TRUE(eventually([&] { return different(server) == sent; })) << different(server) << " of " << sent;
}

INSTANTIATE_TEST_SUITE_P(Both, Streams, ::testing::Values("unix", "tcp"), [](const auto& one) { return one.param; });

TEST(StreamOutlet, what_a_unix_peer_had_not_read_when_it_died_comes_again) {
  const cure::testing::ScratchDirectory folder;
  StreamServer server("unix:" + folder.path() + "/socket");
  server.is_deaf = true;
  StreamOutlet outlet(server.destination());
  for (std::uint32_t i = 0; i < 5; ++i) ASSERT_EQ(outlet.deliver(line(i), soon()).kind, Kind::delivered);
  EXPECT_GT(outlet.unconfirmed_bytes(), 0U);
  EXPECT_FALSE(outlet.flush(soon(std::chrono::milliseconds(20))));
  server.stop();
  server.is_deaf = false;
  server.start();
  EXPECT_EQ(outlet.deliver(line(5), soon()).kind, Kind::delivered);
  EXPECT_TRUE(eventually([&] { return server.lines().size() == 6; }));
  EXPECT_EQ(numbers(server), (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace uncork::sink
