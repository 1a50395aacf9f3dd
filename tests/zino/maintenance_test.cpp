// Planned maintenance as time passes.

#include <gmock/gmock.h>

#include "tests/zino/fixture.hpp"
#include "zino/state/matching.hpp"
#include "zino/state/store.hpp"

namespace uncork::zino {
namespace {

using namespace std::chrono_literals;
using testing::kNow;

constexpr Timestamp kStart{1764547200s};
constexpr Timestamp kEnd{1764554400s};

class MaintenanceRun : public ::testing::Test {
 protected:
  std::string state_of(CaseId id) const { return std::string(store.find_case(id)->text("state")); }
  void run(Timestamp at) { store.apply({at, "", RunMaintenance{}}); }

  Store store{parse_state(testing::fixture_state(), kNow).value()};
};

TEST_F(MaintenanceRun, is_not_due_before_the_first_begins_or_after_it_has_begun) {
  EXPECT_FALSE(store.maintenance_due(kNow));
  EXPECT_TRUE(store.maintenance_due(kStart + 1s));
  run(kStart + 1s);
  EXPECT_FALSE(store.maintenance_due(kStart + 60s));
  EXPECT_TRUE(store.maintenance_due(kEnd));
}

TEST_F(MaintenanceRun, turns_at_its_start_and_at_its_end) {
  EXPECT_FALSE(store.maintenance_turns(kNow, kStart - 1s));
  EXPECT_TRUE(store.maintenance_turns(kStart - 1s, kStart));
  EXPECT_FALSE(store.maintenance_turns(kStart, kEnd - 1s));
  EXPECT_TRUE(store.maintenance_turns(kEnd - 1s, kEnd + 1s));
  EXPECT_FALSE(store.maintenance_turns(kEnd, kEnd + 1s));
}

TEST_F(MaintenanceRun, ignores_the_cases_of_its_devices_and_ports_and_makes_those_that_are_missing) {
  run(kStart + 1s);
  EXPECT_EQ(state_of(1), "ignored");  // portstate, by PM 2
  EXPECT_EQ(state_of(2), "open");     // xe-0/0/2 does not match ge-.*
  EXPECT_EQ(state_of(3), "working");
  EXPECT_EQ(state_of(5), "ignored");
  EXPECT_EQ(state_of(6), "ignored");
  EXPECT_EQ(state_of(8), "ignored");  // the yellow alarm
  const std::string made = attribute_lines(*store.find_case(8));
  EXPECT_EQ(made,
            "id: 8\r\nrouter: example-gw\r\ntype: alarm\r\nstate: ignored\r\nopened: 1764547201\r\nupdated: 1764547201\r\n"
            "priority: 100\r\nalarm-type: yellow\r\nalarm-count: 0\r\n");
}

TEST_F(MaintenanceRun, a_case_that_comes_while_it_is_active_is_ignored_with_a_line_in_its_log) {
  run(kStart + 1s);
  store.apply({kStart + 2s, "u", SetState{5, "open"}});
  EXPECT_TRUE(store.maintenance_due(kStart + 3s));
  run(kStart + 3s);
  EXPECT_EQ(state_of(5), "ignored");
  EXPECT_EQ(store.find_case(5)->get<std::vector<LogEntry>>("log")->back().message, "entered into existing active PM event id 1");
}

TEST_F(MaintenanceRun, opens_its_cases_when_it_ends_but_not_the_closed_ones) {
  run(kStart + 1s);
  store.apply({kStart + 2s, "u", SetState{6, "closed"}});
  run(kEnd + 1s);
  EXPECT_EQ(state_of(1), "open");
  EXPECT_EQ(state_of(5), "open");
  EXPECT_EQ(state_of(6), "closed");
  EXPECT_EQ(store.state().maintenances.size(), 2U);
}

TEST_F(MaintenanceRun, is_deleted_three_days_after_its_end) {
  run(kEnd + 72h);
  EXPECT_EQ(store.state().maintenances.size(), 2U);
  EXPECT_TRUE(store.maintenance_due(kEnd + 72h + 1s));
  run(kEnd + 72h + 1s);
  EXPECT_TRUE(store.state().maintenances.empty());
  EXPECT_EQ(store.apply({kEnd + 73h, "u", AddMaintenance{kEnd + 74h, kEnd + 75h, "device", "exact", {}, "x"}}).reply,
            "200 PM id 3 successfully added");
}

TEST(Wildcard, matches_as_pythons_fnmatch) {
  EXPECT_TRUE(wildcard_match("*", ""));
  EXPECT_TRUE(wildcard_match("ex*-gw?", "example-gw4"));
  EXPECT_FALSE(wildcard_match("ex*-gw?", "example-gw"));
  EXPECT_TRUE(wildcard_match("gw[1-3]", "gw2"));
  EXPECT_FALSE(wildcard_match("gw[!1-3]", "gw2"));
  EXPECT_TRUE(wildcard_match("gw[]x]", "gw]"));
  EXPECT_TRUE(wildcard_match("gw[", "gw["));
  EXPECT_TRUE(wildcard_match("f??", "føø"));
  EXPECT_FALSE(wildcard_match("GW", "gw"));
  EXPECT_FALSE(wildcard_match(std::string(2000, '*') + "b", std::string(2000, 'a')));
}

TEST(Regexp, one_that_would_search_for_ever_is_given_up) {
  auto state = parse_state(testing::fixture_state(), kNow).value();
  Store store(state);
  store.apply({kNow, "u", AddMaintenance{kNow, kNow + 1h, "device", "regexp", {}, "(a*)*(a*)*b"}});
  EXPECT_TRUE(matches(store.state(), store.state().maintenances.back().second)->empty());
  EXPECT_TRUE(regexp_error("(["));
  EXPECT_TRUE(regexp_error(std::string(5000, '(')));
  EXPECT_FALSE(regexp_error("^ge-[0-9]+/"));
}

}  // namespace
}  // namespace uncork::zino
