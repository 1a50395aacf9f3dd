#include "zino/server/service_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace uncork::zino {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

struct ServiceLogTest : ::testing::Test {
  std::vector<std::string> lines;
  ServiceLog log{[this](const std::string& line) { lines.push_back(line); }};
  core::Time now{1h};
};

TEST_F(ServiceLogTest, lines_of_different_kinds_are_said_at_once) {
  log.say("a", "one", now);
  log.say("b", "two", now);
  EXPECT_THAT(lines, ElementsAre("one", "two"));
}

TEST_F(ServiceLogTest, what_repeats_is_counted_and_said_once_a_second) {
  for (int i = 0; i < 1000; ++i) log.say("turned away", "turned away " + std::to_string(i), now);
  log.sweep(now + 900ms);
  EXPECT_THAT(lines, ElementsAre("turned away 0"));
  log.sweep(now + 1s);
  EXPECT_THAT(lines, ElementsAre("turned away 0", "turned away 999 (the last of 999 like it)"));
  log.say("turned away", "turned away again", now + 1500ms);
  log.sweep(now + 2s);
  EXPECT_THAT(lines, ElementsAre("turned away 0", "turned away 999 (the last of 999 like it)", "turned away again"));
  log.sweep(now + 4s);
  log.say("turned away", "much later", now + 5s);
  EXPECT_EQ(lines.back(), "much later");
}

TEST_F(ServiceLogTest, at_the_end_nothing_is_held_back) {
  log.say("a", "one", now);
  log.say("a", "two", now);
  log.flush();
  EXPECT_THAT(lines, ElementsAre("one", "two"));
}

TEST(ServiceLog, where_lines_go_may_fail) {
  ServiceLog log([](const std::string&) { throw std::runtime_error("disk full"); });
  log.say("a", "one");
  log.say("a", "two");
  log.flush();
  EXPECT_EQ(log.unsaid(), 2U);
}

}  // namespace
}  // namespace uncork::zino
