// What is asked of the thread that polls, and what is not accepted.

#include "collect/requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::collect {
namespace {

using ::testing::HasSubstr;

TEST(Requests, are_taken_once_and_several_triggers_are_one) {
  Requests requests{Settings{}};
  requests.trigger();
  requests.trigger();
  ASSERT_TRUE(requests.burst(600, core::Micros(100'000)));
  const Requests::Taken taken = requests.take();
  EXPECT_TRUE(taken.trigger);
  ASSERT_TRUE(taken.burst);
  EXPECT_EQ(taken.burst->count, 600U);
  EXPECT_EQ(taken.burst->apart, core::Micros(100'000));
  const Requests::Taken none = requests.take();
  EXPECT_FALSE(none.trigger || none.burst || none.change);
}

TEST(Requests, refuse_bursts_beyond_their_bounds) {
  Requests requests{Settings{}};
  for (const std::uint32_t count : {0U, 1001U}) {
    const auto burst = requests.burst(count, core::Micros(1'000'000));
    ASSERT_FALSE(burst);
    EXPECT_THAT(burst.error().message, HasSubstr("1 to 1000 are accepted"));
  }
  for (const core::Micros apart : {core::Micros(9'999), core::Micros(3'600'000'001), core::Micros(-1)}) {
    const auto burst = requests.burst(1, apart);
    ASSERT_FALSE(burst);
    EXPECT_THAT(burst.error().message, HasSubstr("interval: "));
  }
  EXPECT_TRUE(requests.burst(1000, Requests::kMostApart));
  EXPECT_TRUE(requests.burst(1, Requests::kLeastApart));
}

TEST(Requests, show_at_once_what_was_changed_until_settings_are_read_again) {
  Settings settings;
  settings.label = "old";
  Requests requests(settings);
  Changeable to = Changeable::of(settings);
  to.interval = core::Micros(50'000);
  to.label = "new";
  ASSERT_TRUE(requests.change(to));
  EXPECT_EQ(Changeable::of(requests.settings()), to);
  EXPECT_EQ(requests.take().change, to);
  requests.follow(settings);
  EXPECT_EQ(requests.settings(), settings);
}

TEST(Requests, refuse_a_change_as_a_whole_and_say_what_is_wrong) {
  Requests requests{Settings{}};
  const Changeable before = Changeable::of(requests.settings());
  const auto refused = [&](auto&& spoil) {
    Changeable to = before;
    spoil(to);
    const auto changed = requests.change(to);
    return changed ? std::string() : changed.error().message;
  };
  EXPECT_THAT(refused([](Changeable& to) { to.interval = core::Micros(0); }), HasSubstr("poll_frequency: "));
  EXPECT_THAT(refused([](Changeable& to) { to.interval = Requests::kMostInterval + core::Micros(1); }),
              HasSubstr("poll_frequency: "));
  EXPECT_THAT(refused([](Changeable& to) { to.jitter = 1.01; }), HasSubstr("poll_jitter_pct: "));
  EXPECT_THAT(refused([](Changeable& to) { to.tag = std::string(254, 'x'); }), HasSubstr("tag: at most 253 bytes"));
  EXPECT_THAT(refused([](Changeable& to) { to.location = std::string(1, '\0'); }), HasSubstr("location: "));
  EXPECT_EQ(Changeable::of(requests.settings()), before);
  EXPECT_FALSE(requests.take().change);
}

}  // namespace
}  // namespace uncork::collect
