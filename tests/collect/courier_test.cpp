// The courier, over an outlet that follows a script.

#include "collect/courier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/collect/some_parcel.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::collect {
namespace {

using cure::testing::ScratchDirectory;
using sink::Delivery;
using ::testing::HasSubstr;
using testing::number_of;
using testing::some_parcel;

/// What an outlet has been told to say, and has been given.
struct Script {
  std::mutex mutex;
  std::vector<Delivery::Kind> answers = {};  // then delivered
  std::vector<std::uint32_t> delivered = {};
  std::vector<std::uint32_t> refused = {};
  std::atomic<bool> is_dead{false};
  std::atomic<bool> is_stuck{false};
  std::atomic<bool> is_flushed{false};

  [[nodiscard]] std::vector<std::uint32_t> all_delivered() {
    const std::lock_guard lock(mutex);
    return delivered;
  }
};

class ScriptedOutlet final : public sink::Outlet {
 public:
  explicit ScriptedOutlet(Script& script) : script_(script) {}

  Delivery deliver(const sink::Parcel& parcel, core::Time deadline) override {
    if (script_.is_stuck) {
      std::this_thread::sleep_for(deadline - core::MonotonicClock::now());
      return Delivery::going_on();
    }
    if (script_.is_dead) return Delivery::not_now("the other end is dead");
    const std::lock_guard lock(script_.mutex);
    Delivery::Kind kind = Delivery::Kind::delivered;
    if (next_ < script_.answers.size()) kind = script_.answers[next_++];
    if (kind == Delivery::Kind::delivered) script_.delivered.push_back(number_of(parcel));
    if (kind == Delivery::Kind::refused) script_.refused.push_back(number_of(parcel));
    return {kind, "scripted", {}};
  }
  core::Status flush(core::Time /*deadline*/) override {
    script_.is_flushed = true;
    return {};
  }

 private:
  Script& script_;
  std::size_t next_ = 0;
};

CourierOptions quick(const std::string& folder = "") {
  CourierOptions options{.name = "scripted", .backoff = {.first = core::Micros(100), .most = core::Micros(1'000)}, .seed = 1};
  if (!folder.empty()) options.backlog.spool = SpoolOptions{.folder = folder};
  return options;
}

std::unique_ptr<Courier> started(Script& script, CourierOptions options) {
  auto courier = Courier::start(std::make_unique<ScriptedOutlet>(script), std::move(options));
  if (!courier) throw std::runtime_error(courier.error().message);
  return std::move(*courier);
}

/// Long enough for any machine; nothing here takes as long.
core::Time in_a_while() { return core::MonotonicClock::now() + std::chrono::seconds(30); }

RC_GTEST_PROP(Courier, delivers_every_parcel_once_and_in_order_whatever_pattern_of_failures_the_outlet_has, ()) {
  const ScratchDirectory folder;
  Script script;
  const auto answer =
      rc::gen::element(Delivery::Kind::delivered, Delivery::Kind::going_on, Delivery::Kind::not_now, Delivery::Kind::refused);
  script.answers = *rc::gen::container<std::vector<Delivery::Kind>>(answer);
  const auto parcels = *rc::gen::inRange<std::uint32_t>(0, 30);
  CourierOptions options = quick(*rc::gen::arbitrary<bool>() ? folder.path() : "");
  options.backlog.memory_bytes = options.backlog.spool ? *rc::gen::inRange<std::uint64_t>(40, 2'000) : 1'000'000;
  const auto courier = started(script, options);
  for (std::uint32_t i = 0; i < parcels; ++i) courier->send(some_parcel(i));
  const core::Time until = in_a_while();
  while (script.all_delivered().size() + courier->stats().refused.parcels < parcels && core::MonotonicClock::now() < until) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  const Farewell farewell = courier->stop(until);
  RC_ASSERT(farewell.sentence("x").empty());
  std::vector<std::uint32_t> seen = script.delivered;
  RC_ASSERT(std::is_sorted(seen.begin(), seen.end()));
  seen.insert(seen.end(), script.refused.begin(), script.refused.end());
  std::sort(seen.begin(), seen.end());
  RC_ASSERT(seen.size() == parcels);
  RC_ASSERT(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
  RC_ASSERT(courier->stats().delivered.parcels == script.delivered.size());
  RC_ASSERT(courier->stats().refused.parcels == script.refused.size());
}

TEST(Courier, an_outlet_that_is_stuck_delays_no_sender) {
  const ScratchDirectory folder;
  Script script;
  script.is_stuck = true;
  CourierOptions options = quick(folder.path());
  options.backlog.memory_bytes = 10'000;
  const auto courier = started(script, options);
  const core::Time begun = core::MonotonicClock::now();
  for (std::uint32_t i = 0; i < 1'000; ++i) courier->send(some_parcel(i, 1'000));
  // A thousand waits for the outlet would be 100 s.
  EXPECT_LT(core::MonotonicClock::now() - begun, std::chrono::seconds(10));
  const CourierStats stats = courier->stats();
  EXPECT_EQ(stats.waiting.parcels + stats.spooled.parcels, 1'000U);
  script.is_stuck = false;
  EXPECT_EQ(courier->stop(in_a_while()).sentence("x"), "");
  EXPECT_EQ(script.delivered.size(), 1'000U);
}

TEST(Courier, what_a_dead_outlet_did_not_take_stays_in_the_spool_and_goes_first_after_the_next_start) {
  const ScratchDirectory folder;
  Script script;
  script.is_dead = true;
  {
    const auto courier = started(script, quick(folder.path()));
    for (std::uint32_t i = 0; i < 20; ++i) courier->send(some_parcel(i));
    const Farewell farewell = courier->stop(in_a_while());
    EXPECT_EQ(farewell.kept.parcels, 20U);
    EXPECT_EQ(farewell.lost.parcels, 0U);
    EXPECT_THAT(farewell.sentence("tcp:x"), HasSubstr("tcp:x: 20 parcels (40 rows, 800 bytes) stay in the spool"));
    EXPECT_THAT(farewell.sentence("tcp:x"), HasSubstr("the other end is dead"));
    EXPECT_THAT(courier->take_messages(), ::testing::Contains(HasSubstr("parcels go to the spool")));
  }
  script.is_dead = false;
  const auto courier = started(script, quick(folder.path()));
  EXPECT_THAT(courier->take_messages(), ::testing::Contains(HasSubstr("20 parcels (40 rows, 800 bytes) were left in the spool")));
  courier->send(some_parcel(20));
  EXPECT_EQ(courier->stop(in_a_while()).sentence("x"), "");
  ASSERT_EQ(script.delivered.size(), 21U);
  EXPECT_TRUE(std::is_sorted(script.delivered.begin(), script.delivered.end()));
}

TEST(Courier, without_a_spool_it_tries_until_the_deadline_and_says_what_is_lost) {
  Script script;
  script.is_dead = true;
  const auto courier = started(script, quick());
  courier->send(some_parcel(0));
  const Farewell farewell = courier->stop(core::MonotonicClock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(farewell.lost.parcels, 1U);
  EXPECT_EQ(farewell.sentence("tcp:x"), "tcp:x: 1 parcel (2 rows, 40 bytes) is lost (the other end is dead)");
  EXPECT_GT(courier->stats().failures, 0U);
}

TEST(Courier, says_once_that_an_outage_begins_and_once_that_it_is_over) {
  Script script;
  script.answers.assign(5, Delivery::Kind::not_now);
  const auto courier = started(script, quick());
  courier->send(some_parcel(0));
  EXPECT_EQ(courier->stop(in_a_while()).sentence("x"), "");
  const auto messages = courier->take_messages();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_THAT(messages[0], HasSubstr("scripted: scripted; parcels wait until it works again"));
  EXPECT_THAT(messages[1], HasSubstr("scripted: works again after "));
}

TEST(Courier, is_refused_a_spool_that_another_uses_and_goes_on_without_one_that_cannot_be_made) {
  const ScratchDirectory folder;
  Script script;
  const auto first = started(script, quick(folder.path()));
  EXPECT_FALSE(Courier::start(std::make_unique<ScriptedOutlet>(script), quick(folder.path())));
  const auto second = started(script, quick("/proc/nosuch"));
  EXPECT_THAT(second->take_messages(), ::testing::Contains(HasSubstr("wait in memory alone")));
  second->send(some_parcel(7));
  // What its spool's trouble is stays told; nothing is lost.
  const Farewell farewell = second->stop(in_a_while());
  EXPECT_EQ(farewell.lost.parcels + farewell.kept.parcels, 0U);
  EXPECT_EQ(script.all_delivered(), (std::vector<std::uint32_t>{7}));
}

TEST(Courier, many_senders_lose_nothing) {
  const ScratchDirectory folder;
  Script script;
  script.answers.assign(50, Delivery::Kind::not_now);
  CourierOptions options = quick(folder.path());
  options.backlog.memory_bytes = 500;
  const auto courier = started(script, options);
  std::vector<std::thread> senders;
  for (std::uint32_t sender = 0; sender < 4; ++sender) {
    senders.emplace_back([&courier, sender] {
      for (std::uint32_t i = 0; i < 100; ++i) courier->send(some_parcel(sender * 100 + i));
    });
  }
  for (std::thread& sender : senders) sender.join();
  const core::Time until = in_a_while();
  while (script.all_delivered().size() < 400 && core::MonotonicClock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(courier->stop(until).sentence("x"), "");
  std::vector<std::uint32_t> seen = script.delivered;
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(seen.size(), 400U);
}

TEST(Courier, winds_up_by_itself_while_another_is_waited_for) {
  Script script;
  const auto courier = started(script, quick());
  courier->send(some_parcel(1));
  const core::Time end = core::MonotonicClock::now() + std::chrono::seconds(30);
  courier->wind_up(end);
  while (!script.is_flushed && core::MonotonicClock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(script.is_flushed);
  EXPECT_EQ(script.all_delivered().size(), 1U);
  EXPECT_TRUE(courier->stop(end).sentence("x").empty());
}

}  // namespace
}  // namespace uncork::collect
