// The shape that docs/watch.md promises to programs.

#include "report/verdict_json.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "some_verdict.hpp"
#include "tests/core/parsed_json.hpp"

namespace uncork::report {
namespace {

std::string type_name(const nlohmann::json& value) {
  return value.is_number() && !value.is_number_float() ? "integer" : value.type_name();
}

const std::map<std::string, std::string> kShape = {{"type", "string"},
                                                   {"pid", "integer"},
                                                   {"comm", "string"},
                                                   {"local", "string"},
                                                   {"remote", "string"},
                                                   {"netns", "string"},
                                                   {"wall_ms", "number"},
                                                   {"lost_ms", "number"},
                                                   {"lost_share", "number"},
                                                   {"budget_ms", "object"},
                                                   {"late_ms", "number"},
                                                   {"late_writes", "integer"},
                                                   {"late_worst_ms", "number"},
                                                   {"late_by", "object"},
                                                   {"cause", "string"},
                                                   {"fault", "string"},
                                                   {"exchanges", "integer"},
                                                   {"holds", "integer"},
                                                   {"spurious_probes", "integer"},
                                                   {"writes", "integer"},
                                                   {"writes_per_exchange", "number"},
                                                   {"bytes_per_write", "number"},
                                                   {"nodelay", "boolean"},
                                                   {"confidence", "string"},
                                                   {"confidence_reason", "string"},
                                                   {"remedy", "string"},
                                                   {"command", "string"},
                                                   {"choices", "array"}};

TEST(VerdictJson, has_every_key_with_its_type_and_no_other) {
  std::map<std::string, std::string> shape;
  const auto json = core::testing::parsed(verdict_json(some_verdict()));
  for (const auto& [key, value] : json.items()) shape[key] = type_name(value);
  EXPECT_EQ(shape, kShape);
}

TEST(VerdictJson, splits_the_wall_time_over_all_causes) {
  const auto json = core::testing::parsed(verdict_json(some_verdict()));
  const auto& budget = json.at("budget_ms");
  EXPECT_EQ(budget.size(), stall::kCauses);
  double sum = 0;
  for (const stall::Cause cause : stall::all_causes()) sum += budget.at(std::string(stall::name(cause))).get<double>();
  EXPECT_DOUBLE_EQ(sum, json.at("wall_ms").get<double>());
}

TEST(VerdictJson, says_what_the_verdict_says) {
  const auto json = core::testing::parsed(verdict_json(some_verdict()));
  EXPECT_EQ(json.at("type"), "verdict");
  EXPECT_EQ(json.at("pid"), 4711);
  EXPECT_EQ(json.at("comm"), "python3");
  EXPECT_EQ(json.at("local"), "127.0.0.1:8001");
  EXPECT_EQ(json.at("remote"), "127.0.0.1:50314");
  EXPECT_EQ(json.at("wall_ms"), 2000.0);
  EXPECT_EQ(json.at("lost_ms"), 1000.0);
  EXPECT_EQ(json.at("lost_share"), 0.8);
  EXPECT_EQ(json.at("budget_ms").at("nagle_delayed_ack"), 1000.0);
  EXPECT_EQ(json.at("budget_ms").at("cork"), 0.0);
  EXPECT_EQ(json.at("cause"), "nagle_delayed_ack");
  EXPECT_EQ(json.at("fault"), "here");
  EXPECT_EQ(json.at("exchanges"), 25);
  EXPECT_EQ(json.at("holds"), 25);
  EXPECT_EQ(json.at("writes"), 75);
  EXPECT_EQ(json.at("writes_per_exchange"), 3.0);
  EXPECT_EQ(json.at("bytes_per_write"), 48.0);
  EXPECT_EQ(json.at("nodelay"), false);
  EXPECT_EQ(json.at("confidence"), "witnessed");
  EXPECT_EQ(json.at("command"), "uncork cure --pid 4711 --port 8001");
}

TEST(VerdictJson, has_a_peer_only_when_it_is_known) {
  stall::ConnectionEnd end = some_end();
  end.peer = stall::Process{815, "curl"};
  const auto json = core::testing::parsed(verdict_json(some_verdict(stall::Cause::cork, end)));
  EXPECT_EQ(json.at("peer"), (nlohmann::json{{"pid", 815}, {"comm", "curl"}}));
}

TEST(VerdictJson, serves_other_lines_under_their_own_type) {
  EXPECT_EQ(core::testing::parsed(verdict_json(some_verdict(), "connection")).at("type"), "connection");
}

TEST(VerdictJson, tells_what_was_late_by_cause_and_in_all) {
  stall::Account account = some_account();
  account.late_by[UNCORK_NAGLE_DELAYED_ACK] = {ms(80), 2, ms(41)};
  account.late_by[UNCORK_CORK] = {ms(200), 1, ms(200)};
  const auto json = core::testing::parsed(verdict_json(stall::conclude(some_end(), account, stall::Confidence::witnessed)));
  EXPECT_EQ(json.at("late_ms"), 280.0);
  EXPECT_EQ(json.at("late_writes"), 3);
  EXPECT_EQ(json.at("late_worst_ms"), 200.0);
  EXPECT_EQ(json.at("late_by"),
            (nlohmann::json{{"nagle_delayed_ack", {{"late_ms", 80.0}, {"late_writes", 2}, {"late_worst_ms", 41.0}}},
                            {"cork", {{"late_ms", 200.0}, {"late_writes", 1}, {"late_worst_ms", 200.0}}}}));
}

TEST(VerdictJson, of_samples_is_null_where_samples_cannot_tell) {
  const auto json =
      core::testing::parsed(verdict_json(stall::conclude(some_end(), stall::Account(), stall::Confidence::sampled)));
  for (const char* key : {"writes", "writes_per_exchange", "bytes_per_write", "late_ms", "late_writes", "late_worst_ms",
                          "late_by", "spurious_probes"}) {
    EXPECT_TRUE(json.at(key).is_null()) << key;
  }
  EXPECT_EQ(json.at("lost_share"), 0.0);
  EXPECT_EQ(json.at("cause"), "idle");
  EXPECT_EQ(json.at("confidence"), "sampled");
}

TEST(VerdictJson, has_no_nodelay_where_nobody_could_look) {
  stall::ConnectionEnd end = some_end();
  end.nodelay.reset();
  EXPECT_TRUE(core::testing::parsed(verdict_json(some_verdict(stall::Cause::cork, end))).at("nodelay").is_null());
}

TEST(VerdictJson, of_nothing_holds_numbers_too) {
  const auto json =
      core::testing::parsed(verdict_json(stall::conclude(some_end(), stall::Account(), stall::Confidence::witnessed)));
  EXPECT_EQ(json.at("lost_share"), 0.0);
  EXPECT_EQ(json.at("writes_per_exchange"), 0.0);
  EXPECT_EQ(json.at("late_by"), nlohmann::json::object());
  EXPECT_EQ(json.at("cause"), "idle");
  EXPECT_EQ(json.at("fault"), "nobody");
}

TEST(JsonLine, of_hostile_names_is_one_line_of_printable_ascii_that_reads_back) {
  for (const std::string& name : {kClearsTheScreen, kTwoLines,
                                  std::string("\xc2\x9b"
                                              "2J"),
                                  std::string("日本語")}) {
    const std::string line = json_line(verdict_json(some_verdict(stall::Cause::cork, some_end(name))));
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    for (const char c : line.substr(0, line.size() - 1)) EXPECT_TRUE(c >= ' ' && c < 0x7f) << line;
    EXPECT_EQ(nlohmann::json::parse(line).at("comm"), name);
  }
}

TEST(JsonLine, replaces_bytes_that_are_not_utf8) {
  const std::string line = json_line(verdict_json(some_verdict(stall::Cause::cork, some_end(kNotUtf8))));
  EXPECT_EQ(nlohmann::json::parse(line).at("comm"), "a\uFFFD\uFFFD");
}

}  // namespace
}  // namespace uncork::report
