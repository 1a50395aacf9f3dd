#include "probe/sampler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::probe {
namespace {

using core::Micros;
using testing::HasSubstr;

TEST(Pace, keeps_the_wished_interval_while_passes_are_cheap) {
  Pace pace(Micros(5000));
  for (int i = 0; i < 100; ++i) pace.pass_took(Micros(2500));
  EXPECT_EQ(pace.interval(), Micros(5000));
  EXPECT_FALSE(pace.slowed());
}

TEST(Pace, doubles_while_a_pass_takes_more_than_half_and_ends_at_50_ms) {
  Pace pace(Micros(5000));
  pace.pass_took(Micros(2501));
  EXPECT_EQ(pace.interval(), Micros(10000));
  EXPECT_TRUE(pace.slowed());
  pace.pass_took(Micros(4900));
  EXPECT_EQ(pace.interval(), Micros(10000)) << "now it takes less than half";
  for (int i = 0; i < 10; ++i) pace.pass_took(Micros(400000));
  EXPECT_EQ(pace.interval(), Pace::kSlowest);
}

TEST(Pace, comes_back_to_the_wish_when_passes_are_cheap_again) {
  Pace pace(Micros(5000));
  for (int i = 0; i < 4; ++i) pace.pass_took(Micros(60000));
  for (int i = 0; i < 4; ++i) pace.pass_took(Micros(100));
  EXPECT_EQ(pace.interval(), Micros(5000));
  EXPECT_FALSE(pace.slowed());
}

TEST(Pace, never_hurries_one_who_wished_for_less) {
  Pace pace(Micros(200000));
  pace.pass_took(Micros(150000));
  EXPECT_EQ(pace.interval(), Micros(200000));
}

TEST(Sampler, refuses_an_interval_that_makes_no_sense) {
  for (const Micros interval : {Micros(0), Micros(-5), Micros(999), Micros(1000001)}) {
    const auto sampler = Sampler::start({.interval = interval, .netns = {}, .port = {}});
    ASSERT_FALSE(sampler);
    EXPECT_EQ(sampler.error().code, core::ErrorCode::invalid_argument);
    EXPECT_THAT(sampler.error().message, HasSubstr("1.00 ms to 1.00 s"));
  }
}

TEST(Sampler, says_that_a_namespace_is_not_there) {
  const auto sampler = Sampler::start({.netns = "uncork-test-no-such", .port = {}});
  ASSERT_FALSE(sampler);
  EXPECT_EQ(sampler.error().code, core::ErrorCode::not_found);
}

}  // namespace
}  // namespace uncork::probe
