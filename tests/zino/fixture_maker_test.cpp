#include "zino/fixture/fixture.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cure/scratch_directory.hpp"
#include "tests/zino/fixture.hpp"
#include "zino/state/duplicates.hpp"
#include "zino/state/polldevs.hpp"
#include "zino/state/store.hpp"

namespace uncork::zino {
namespace {

Fixture made(unsigned events, std::uint64_t seed = 1) { return make_fixture({events, seed, testing::kNow}); }

TEST(FixtureMaker, makes_as_many_open_cases_as_it_is_asked_for_and_no_two_of_one_subject) {
  for (const unsigned events : {1U, 10U, 100U, 1000U}) {
    const auto state = parse_state(made(events).state, testing::kNow);
    ASSERT_TRUE(state) << state.error().message;
    unsigned open = 0;
    for (const auto& [id, record] : state->cases) open += record.text("state") == "closed" ? 0U : 1U;
    EXPECT_EQ(open, events);
    EXPECT_EQ(state->cases.size(), events + events / 10 + 1);
    EXPECT_FALSE(Store(*state).has_duplicates());
    EXPECT_TRUE(Store(*state).expired_cases(testing::kNow).empty());
    EXPECT_FALSE(Store(*state).maintenance_due(testing::kNow));
  }
}

TEST(FixtureMaker, the_same_seed_makes_the_same_and_another_makes_others) {
  EXPECT_EQ(made(50).state, made(50).state);
  EXPECT_NE(made(50, 1).state, made(50, 2).state);
}

TEST(FixtureMaker, every_case_has_what_strict_clients_ask_of_its_type) {
  const std::map<std::string_view, std::vector<const char*>> kNeeded = {
      {"portstate", {"ifindex", "portstate", "port", "descr"}},
      {"bgp", {"remote_address", "remote_as", "peer_uptime", "operational_state", "admin_status", "lastevent"}},
      {"bfd", {"ifindex", "bfdstate", "bfdix", "bfdaddr"}},
      {"reachability", {"reachability"}},
      {"alarm", {"alarm_type", "alarm_count", "lastevent"}}};
  const auto state = parse_state(made(300).state, testing::kNow);
  ASSERT_TRUE(state);
  std::map<std::string, unsigned> types;
  for (const auto& [id, record] : state->cases) {
    const std::string type(record.text("type"));
    ++types[type];
    EXPECT_EQ(record["id"], Value(id));
    for (const char* field : {"updated", "polladdr", "lasttrans"}) EXPECT_NE(record[field], Value()) << id << field;
    for (const char* field : kNeeded.at(type)) EXPECT_NE(record[field], Value()) << id << field;
    for (const LogEntry& entry : *record.get<std::vector<LogEntry>>("log"))
      EXPECT_EQ(entry.message.find('\n'), std::string::npos);
    EXPECT_FALSE(record.get<std::vector<LogEntry>>("history")->empty());
  }
  EXPECT_EQ(types.size(), kNeeded.size()) << "every type occurs";
}

TEST(FixtureMaker, routers_of_the_cases_are_in_polldevs) {
  const Fixture fixture = made(100);
  const auto routers = parse_polldevs(fixture.polldevs);
  ASSERT_TRUE(routers) << routers.error().message;
  EXPECT_TRUE(routers->warnings.empty());
  EXPECT_EQ(duplicates_in(fixture.state), std::vector<std::string>());
  const auto state = parse_state(fixture.state, testing::kNow);
  for (const auto& [id, record] : state->cases) EXPECT_TRUE(routers->routers.contains(std::string(record.text("router"))));
}

TEST(FixtureMaker, writes_its_files_and_only_their_owner_reads_the_secrets) {
  const cure::testing::ScratchDirectory directory;
  const std::string inside = directory.path() + "/new/folder";
  ASSERT_TRUE(write_fixture(made(3), inside));
  ASSERT_TRUE(write_fixture(made(4), inside)) << "again, over the first";
  for (const char* name : {"zino-state.json", "secrets", "polldevs.cf", "zino.toml", "ritz.tcl"}) {
    EXPECT_TRUE(std::filesystem::exists(inside + "/" + name)) << name;
  }
  EXPECT_EQ(std::filesystem::status(inside + "/secrets").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace
}  // namespace uncork::zino
