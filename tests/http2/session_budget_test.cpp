// What many connections hold together.

#include <gmock/gmock.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;
using ::testing::IsEmpty;
using ::testing::SizeIs;

options sharing(const std::shared_ptr<memory_budget>& budget) {
  options chosen;
  chosen.budget = budget;
  return chosen;
}

field_list large() {
  field_list request = get();
  request.emplace_back("x-large", std::string(9'000, 'l'));  // not in the table
  return request;
}

TEST(MemoryBudget, counts_what_its_sessions_hold_and_gets_it_back) {
  const auto budget = std::make_shared<memory_budget>(10'000'000);
  {
    ScriptedPeer one(Side::server, sharing(budget));
    const auto other = std::make_unique<ScriptedPeer>(Side::server, sharing(budget));
    EXPECT_EQ(budget->sessions(), 2U);
    for (stream_id id = 1; id < 40; id += 2) one.headers(id, large());
    const auto held = static_cast<double>(one.tested.memory() + other->tested.memory());
    EXPECT_NEAR(static_cast<double>(budget->used()), held, 2.0 * memory_budget::kStep);
    Session moved = std::move(one.tested);
    EXPECT_EQ(budget->sessions(), 2U);
  }
  EXPECT_EQ(budget->used(), 0U);
  EXPECT_EQ(budget->sessions(), 0U);
}

TEST(MemoryBudget, beyond_it_streams_are_refused_and_the_connection_lives) {
  const auto budget = std::make_shared<memory_budget>(200'000);
  auto first = std::make_unique<ScriptedPeer>(Side::server, sharing(budget));
  ScriptedPeer second(Side::server, sharing(budget));
  for (stream_id id = 1; id < 100; id += 2) first->headers(id, large());
  EXPECT_GE(first->tested.counts().refused_for_budget, 1U);
  EXPECT_LE(budget->used(), budget->most());
  budget->add(200'000);  // others
  stream_id id = 1;
  for (; id < 4'000; id += 2) {
    second.headers(id, get());  // however often: it is not to blame
    if (!second.tested.wants_read()) second.frames();
  }
  EXPECT_FALSE(second.tested.is_over());
  EXPECT_THAT(second.events(Event::kind::message), IsEmpty());
  EXPECT_EQ(second.reset_of(id - 2), errc::refused_stream);
  first.reset();
  budget->subtract(200'000);
  second.headers(id, get());
  EXPECT_THAT(second.events(Event::kind::message), SizeIs(1));
}

TEST(MemoryBudget, beyond_half_of_it_only_those_below_their_share_grow) {
  memory_budget budget(1'000'000);
  for (int i = 0; i < 10; ++i) budget.join();
  EXPECT_EQ(budget.room(400'000), 500'000U);
  budget.add(600'000);
  EXPECT_EQ(budget.room(400'000), 0U);
  EXPECT_EQ(budget.room(30'000), 70'000U);
  budget.add(350'000);
  EXPECT_EQ(budget.room(30'000), 50'000U);
  budget.add(50'000);
  EXPECT_EQ(budget.room(0), 0U);
}

TEST(MemoryBudget, makes_owners_wait_with_their_bodies) {
  const auto budget = std::make_shared<memory_budget>(100'000);
  ScriptedPeer peer(Side::server, sharing(budget));
  peer.set(Setting::initial_window_size, 0);
  peer.headers(1, get());
  peer.tested.submit_headers(1, ok(), false);
  budget->add(100'000);
  EXPECT_EQ(peer.tested.submit_data(1, byte_vector(50'000), false), 0U);
  peer.frames();
  peer.pass(std::chrono::milliseconds(0));
  EXPECT_THAT(peer.events(Event::kind::room), IsEmpty());
  budget->subtract(100'000);
  peer.frames();
  peer.pass(std::chrono::milliseconds(0));  // takes the last gather()'s events
  EXPECT_THAT(peer.events(Event::kind::room), SizeIs(1));
}

TEST(MemoryBudget, is_one_for_sessions_of_several_threads) {
  const auto budget = std::make_shared<memory_budget>(300'000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        ScriptedPeer peer(Side::server, sharing(budget));
        for (stream_id id = 1; id < 60; id += 2) peer.headers(id, large());
      }
    });
  }
  for (auto& one : threads) one.join();
  EXPECT_EQ(budget->used(), 0U);
  EXPECT_EQ(budget->sessions(), 0U);
}

}  // namespace
}  // namespace uncork::http2
