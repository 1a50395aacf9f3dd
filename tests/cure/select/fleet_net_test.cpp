// Processes that come and go under one selector, for real.

#include "cure/select/fleet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cure/scratch_directory.hpp"
#include "tests/cure/target_process.hpp"

namespace uncork::cure {
namespace {

using testing::connect_pair;
using testing::Connection;
using testing::nodelay;
using testing::TargetProcess;

Fleet::News look(Fleet& fleet) {
  auto news = fleet.discover();
  if (!news) ADD_FAILURE() << news.error().message;
  return news.value_or(Fleet::News{});
}

std::vector<pid_t> joined(const Fleet::News& news) {
  std::vector<pid_t> pids;
  for (const Chosen& chosen : news.joined) pids.push_back(chosen.process.pid);
  return pids;
}

class FleetTest : public ::testing::Test {
 protected:
  testing::ScratchDirectory scratch_;
  CureOptions options_{std::nullopt, scratch_.states()};
  Connection first_ = connect_pair();
  Connection second_ = connect_pair();
};

TEST_F(FleetTest, cures_the_others_when_one_of_the_given_is_no_more) {
  auto gone = TargetProcess::holding({first_.server.get()});
  const auto there = TargetProcess::holding({second_.server.get()});
  Selector selector;
  selector.pids = {gone.pid(), there.pid()};
  gone.end();
  Fleet fleet(selector, options_);
  const Fleet::News news = look(fleet);
  EXPECT_THAT(joined(news), ::testing::ElementsAre(there.pid()));
  ASSERT_EQ(news.refused.size(), 1U);
  EXPECT_EQ(news.refused[0].code, core::ErrorCode::not_found);
  const auto passed = fleet.scan();
  ASSERT_EQ(passed.size(), 1U);
  EXPECT_EQ(passed[0].report.value().changed, 1U);
  EXPECT_TRUE(nodelay(second_.server));
  EXPECT_FALSE(nodelay(first_.server));
  EXPECT_TRUE(look(fleet).refused.empty()) << "said once";
}

TEST_F(FleetTest, undo_takes_back_and_the_next_scan_sets_again) {
  const auto target = TargetProcess::holding({first_.server.get()});
  Selector selector;
  selector.pids = {target.pid()};
  Fleet fleet(selector, options_);
  look(fleet);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(fleet.scan().at(0).report.value().changed, 1U);
    EXPECT_TRUE(nodelay(first_.server));
    const auto undone = fleet.undo();
    ASSERT_EQ(undone.size(), 1U);
    EXPECT_EQ(undone[0].report.value().undone, 1U);
    EXPECT_FALSE(nodelay(first_.server));
  }
}

TEST_F(FleetTest, forgets_a_process_that_has_ended) {
  auto target = TargetProcess::holding({first_.server.get()});
  Selector selector;
  selector.pids = {target.pid()};
  Fleet fleet(selector, options_);
  look(fleet);
  EXPECT_EQ(fleet.scan().size(), 1U);
  target.end();
  EXPECT_TRUE(fleet.ended());
  const auto passed = fleet.scan();
  ASSERT_EQ(passed.size(), 1U);
  EXPECT_TRUE(passed[0].report.value().process_ended);
  EXPECT_TRUE(fleet.empty());
  EXPECT_TRUE(joined(look(fleet)).empty()) << "a given pid means one process";
}

}  // namespace
}  // namespace uncork::cure
