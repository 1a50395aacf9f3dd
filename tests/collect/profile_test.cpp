// Processor time by phase.

#include "collect/profile.hpp"

#include <gtest/gtest.h>

#include <set>

namespace uncork::collect {
namespace {

TEST(Profiler, gives_time_to_the_phase_that_ends) {
  Profiler profiler;
  const core::Micros until = core::thread_cpu() + core::Micros(5'000);
  while (core::thread_cpu() < until) {
  }
  profiler.end(Phase::store);
  profiler.end(Phase::wait);
  const Profile& profile = profiler.profile();
  EXPECT_GE(profile.at(static_cast<std::size_t>(Phase::store)), core::Micros(5'000));
  EXPECT_LT(profile.at(static_cast<std::size_t>(Phase::wait)), core::Micros(5'000));
  EXPECT_EQ(profile.at(static_cast<std::size_t>(Phase::look)), core::Micros(0));
}

TEST(Profiler, every_phase_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kPhases; ++i) names.insert(name(static_cast<Phase>(i)));
  EXPECT_EQ(names.size(), kPhases);
}

}  // namespace
}  // namespace uncork::collect
