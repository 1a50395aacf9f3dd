// The sampler on real conversations. Shares of time are asserted with wide bands: an interval between two samples is charged as a
// whole or cut at a tick (4 ms here, 10 ms on some kernels), and samples come late on a busy machine.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>

#include "probe/namespaces.hpp"
#include "probe/sampler.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

using core::to_ms;
using stall::Cause;
using testing::connect_pair;
using ::testing::Contains;
using testing::Conversation;
using ::testing::HasSubstr;
using testing::Nagle;
using testing::Pair;
using testing::TemporaryNamespace;

// Long enough for two dozen stalls of 41 ms; the first, which quick ACKs avoid, then weighs little.
constexpr auto kWatched = std::chrono::milliseconds(1000);

struct Ends {
  ConnectionRow client;
  ConnectionRow server;
};

core::Result<std::optional<Ends>> ends_of(Source& source, const Pair& pair) {
  const auto rows = source.poll();
  if (!rows) return core::fail(rows.error());
  const auto row_at = [&](const core::Endpoint& local, const core::Endpoint& remote) {
    return std::ranges::find_if(*rows,
                                [&](const ConnectionRow& row) { return row.where.local == local && row.where.remote == remote; });
  };
  const auto client = row_at(pair.client_address(), pair.server_address());
  const auto server = row_at(pair.server_address(), pair.client_address());
  if (client == rows->end() || server == rows->end()) return std::nullopt;
  return Ends{*client, *server};
}

double share(const ConnectionRow& row, Cause cause) {
  return to_ms(row.account.budget[cause]) / to_ms(row.account.budget.total());
}

std::string describe(const ConnectionRow& row) {
  std::string text = core::to_string(row.where.local) + " pid " + std::to_string(row.where.process.pid);
  for (const Cause cause : stall::all_causes()) {
    text += " " + std::string(name(cause)) + "=" + std::to_string(to_ms(row.account.budget[cause]));
  }
  return text;
}

/// What is wrong with how a stalled conversation is seen; empty: nothing. In words, so that a child process can say it.
std::string trouble_with_a_stalled_conversation() {
  const Conversation conversation(connect_pair(), Nagle::on);
  auto sampler = Sampler::start({.port = conversation.pair().server_address().port});
  if (!sampler) return sampler.error().message;
  std::this_thread::sleep_for(kWatched);
  const auto ends = ends_of(**sampler, conversation.pair());
  if (!ends) return ends.error().message;
  if (!*ends) return "the conversation was not seen";
  const auto& [client, server] = **ends;
  const std::string seen = describe(client) + "\n" + describe(server);
  if (share(client, Cause::nagle_delayed_ack) < 0.6) return "too little is charged to the client: " + seen;
  if (share(server, Cause::nagle_delayed_ack) > 0.05) return "the server is charged: " + seen;
  if (client.account.budget.worst() != Cause::nagle_delayed_ack) return "another cause is worse: " + seen;
  if (client.where.process.pid != ::getpid() || client.where.process.command.empty()) return "the client is not named: " + seen;
  if (!client.where.peer || client.where.peer->pid != ::getpid()) return "the client's peer is not named: " + seen;
  if (client.fd != conversation.pair().client.get()) return "the client's descriptor is not known: " + seen;
  // One stall an exchange, 41 to 48 ms each; samples may miss one, and the first exchanges do not stall.
  if (client.account.holds < 12 || client.account.holds > 40) return "holds: " + std::to_string(client.account.holds);
  if (client.account.exchanges < 12) return "exchanges: " + std::to_string(client.account.exchanges);
  return {};
}

TEST(Sampler, charges_a_stalled_conversation_to_the_end_that_holds_bytes_back) {
  EXPECT_EQ(trouble_with_a_stalled_conversation(), "");
}

TEST(Sampler, needs_no_privilege) { EXPECT_EQ(testing::as_nobody(trouble_with_a_stalled_conversation), ""); }

TEST(Sampler, charges_a_healthy_conversation_to_nothing) {
  const Conversation conversation(connect_pair(), Nagle::off);
  auto sampler = Sampler::start({.port = conversation.pair().server_address().port});
  ASSERT_TRUE(sampler) << sampler.error().message;
  std::this_thread::sleep_for(kWatched);
  const auto ends = ends_of(**sampler, conversation.pair());
  ASSERT_TRUE(ends) << ends.error().message;
  ASSERT_TRUE(*ends);
  for (const ConnectionRow& row : {(*ends)->client, (*ends)->server}) {
    // Not all of lost_share(): on a busy machine TCP now and then sends a segment again, which is then rightly told.
    const double held = share(row, Cause::nagle_delayed_ack) + share(row, Cause::nagle_round_trip) + share(row, Cause::cork);
    EXPECT_LT(held, 0.05) << describe(row);
    EXPECT_GT(row.account.budget.busy(), kWatched / 2) << describe(row);
    EXPECT_EQ(row.where.netns, anonymous_name(*own_namespace()));
  }
}

TEST(Sampler, shows_an_ended_connection_once_with_its_last_ledger) {
  std::optional<Conversation> conversation(std::in_place, connect_pair(), Nagle::on);
  const std::uint16_t port = conversation->pair().server_address().port;
  auto sampler = Sampler::start({.port = port});
  ASSERT_TRUE(sampler) << sampler.error().message;
  std::this_thread::sleep_for(kWatched / 4);
  conversation.reset();
  std::size_t ended = 0;
  const core::Time give_up = core::MonotonicClock::now() + std::chrono::seconds(10);
  for (bool open = true; open && core::MonotonicClock::now() < give_up;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto rows = (*sampler)->poll();
    ASSERT_TRUE(rows) << rows.error().message;
    open = std::ranges::any_of(*rows, [](const ConnectionRow& row) { return !row.ended; });
    for (const ConnectionRow& row : *rows) {
      if (row.ended) ++ended;
      EXPECT_GT(row.account.budget.total(), core::Micros(0));
    }
  }
  EXPECT_EQ(ended, 2U);
  EXPECT_TRUE((*sampler)->poll()->empty());
}

TEST(Sampler, tells_what_it_cannot_see) {
  auto sampler = Sampler::start();
  ASSERT_TRUE(sampler) << sampler.error().message;
  EXPECT_EQ((*sampler)->confidence(), stall::Confidence::sampled);
  EXPECT_THAT((*sampler)->limits(), Contains(HasSubstr("writes, exact holds")));
}

// At an interval of a second: stopping does not wait for the next sample.
TEST(Sampler, stops_at_once) {
  auto sampler = Sampler::start({.interval = std::chrono::seconds(1), .netns = {}, .port = {}});
  ASSERT_TRUE(sampler) << sampler.error().message;
  const core::Time before = core::MonotonicClock::now();
  sampler->reset();
  EXPECT_LT(core::MonotonicClock::now() - before, std::chrono::milliseconds(500))
      << "half of the second that it would have slept";
}

TEST(Sampler, may_be_polled_from_any_thread_while_it_samples) {
  const Conversation conversation(connect_pair(), Nagle::off);
  auto sampler = Sampler::start({.interval = std::chrono::milliseconds(1), .netns = {}, .port = {}});
  ASSERT_TRUE(sampler) << sampler.error().message;
  const auto poll_often = [&] {
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE((*sampler)->poll());
      EXPECT_FALSE((*sampler)->limits().empty());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  std::thread other(poll_often);
  poll_often();
  other.join();
}

TEST(Sampler, looks_into_another_namespace) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  const TemporaryNamespace blue(kNetnsDirectory);
  ASSERT_EQ(blue.trouble(), "");
  std::optional<Pair> pair;
  ASSERT_TRUE(with_namespace(blue.name(), [&]() -> core::Status {
    pair = connect_pair();
    return {};
  }));
  const Conversation conversation(std::move(*pair), Nagle::on);
  auto sampler = Sampler::start({.netns = blue.name(), .port = {}});
  ASSERT_TRUE(sampler) << sampler.error().message;
  std::this_thread::sleep_for(kWatched);
  const auto ends = ends_of(**sampler, conversation.pair());
  ASSERT_TRUE(ends) << ends.error().message;
  ASSERT_TRUE(*ends);
  EXPECT_GT(share((*ends)->client, Cause::nagle_delayed_ack), 0.6) << describe((*ends)->client);
  EXPECT_EQ((*ends)->client.where.netns, blue.name());
  EXPECT_EQ((*ends)->client.where.process.pid, ::getpid());
}

}  // namespace
}  // namespace uncork::probe
