// The state file: what is read, what is refused and where, what is written.

#include "zino/state/state.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/zino/fixture.hpp"
#include "zino/state/fields.hpp"
#include "zino/state/store.hpp"

namespace uncork::zino {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::kNow;
using ::testing::Not;

std::string refusal(const std::string& text) {
  const auto state = parse_state(text, kNow);
  return state ? "accepted" : state.error().message;
}

Record only_case(const std::string& fields) {
  const auto state = parse_state(R"({"events":{"events":{"5":{"router":"r",)" + fields + "}}}}", kNow);
  if (!state) ADD_FAILURE() << state.error().message;
  return state ? state->cases.at(5) : Record(case_fields("Event"), kNow);
}

TEST(IsoTime, durations_are_written_as_zino_writes_them_and_read_again) {
  using namespace std::chrono_literals;
  const std::vector<std::pair<Duration, std::string>> kPairs = {
      {0s, "PT0S"},   {90s + 500ms, "PT1M30.5S"},      {25h + 60s, "P1DT1H1M"}, {9601h, "P1Y35DT1H"},
      {-5s, "-PT5S"}, {std::chrono::days(365), "P1Y"}, {1us, "PT0.000001S"},    {std::chrono::days(2), "P2D"}};
  for (const auto& [duration, text] : kPairs) {
    EXPECT_EQ(to_iso(duration), text);
    EXPECT_EQ(parse_duration(text), duration) << text;
  }
  EXPECT_EQ(parse_duration("P2W"), Duration(std::chrono::days(14)));
  EXPECT_EQ(parse_duration("P1M"), Duration(std::chrono::days(30)));
  EXPECT_EQ(parse_duration("90.5"), Duration(90'500ms));
  for (const char* bad : {"", "P", "PT", "5 minutes", "P1", "PT1S1M", "P1DT", "P-1D"}) EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(IsoTime, timestamps_are_read_in_all_forms_and_written_in_one) {
  const std::string canonical = "2026-11-22T14:11:00.764275Z";
  for (const char* text : {"2026-11-22T14:11:00.764275Z", "2026-11-22 14:11:00.764275+00:00", "2026-11-22T15:11:00.764275+01:00",
                           "2026-11-22t08:41:00.764275-0530", "1795356660.764275", "1795356660764.275"}) {
    const auto time = parse_timestamp(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_iso(*time), canonical) << text;
  }
  EXPECT_EQ(to_iso(*parse_timestamp("2026-11-22T14:11:00Z")), "2026-11-22T14:11:00Z");
  for (const char* bad : {"", "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T14:60:00Z", "yesterday",
                          "2026-11-22T14:11:00Zz", "0000-01-01T00:00:00Z", "99999999999999999"}) {
    EXPECT_FALSE(parse_timestamp(bad)) << bad;
  }
}

TEST(StateFile, is_written_as_it_was_read_and_read_again) {
  const auto state = parse_state(testing::fixture_state(), kNow);
  ASSERT_TRUE(state);
  const std::string text = dump_state(*state);
  const auto again = parse_state(text, kNow);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *state);
  EXPECT_EQ(dump_state(*again), text);
  EXPECT_THAT(text, HasSubstr("\"descr\": \"cust x, føø\""));           // not escaped
  EXPECT_THAT(text, HasSubstr("\"ac_down\": \"PT1M30.5S\""));           // to the microsecond
  EXPECT_THAT(text, HasSubstr("\"remote_address\": \"2001:db8::1\""));  // by its name, not its alias
  EXPECT_THAT(text, Not(HasSubstr("null")));
}

TEST(StateFile, keeps_keys_that_it_does_not_know_on_every_level) {
  const std::string text = R"({"top":{"a":[1,null]},"events":{"x":1,"events":{"5":{"router":"r","colour":"red",
    "log":[{"timestamp":0,"message":"m","by":"me"}]}}},"planned_maintenances":{"y":2,"planned_maintenances":{"1":{"start_time":0,"end_time":1,
    "type":"device","match_type":"str","match_expression":"*","z":3}}}})";
  const auto state = parse_state(text, kNow);
  ASSERT_TRUE(state);
  const Json written = Json::parse(dump_state(*state));
  EXPECT_EQ(written["top"], Json::parse(R"({"a":[1,null]})"));
  EXPECT_EQ(written["events"]["x"], 1);
  EXPECT_EQ(written["events"]["events"]["5"]["colour"], "red");
  EXPECT_EQ(written["events"]["events"]["5"]["log"][0]["by"], "me");
  EXPECT_EQ(written["planned_maintenances"]["y"], 2);
  EXPECT_EQ(written["planned_maintenances"]["planned_maintenances"]["1"]["z"], 3);
}

TEST(StateFile, defaults_are_those_of_zino) {
  const Record record = only_case(R"("ifindex":"12")");
  EXPECT_EQ(record.text("type"), "portstate");  // a missing type
  EXPECT_EQ(record.text("state"), "embryonic");
  EXPECT_EQ(record["priority"], Value(std::int64_t{100}));
  EXPECT_EQ(record["port"], Value(std::string()));
  EXPECT_EQ(record["ifindex"], Value(std::int64_t{12}));
  EXPECT_EQ(record["opened"], Value(kNow));
}

TEST(StateFile, the_id_of_the_file_is_shown_and_the_key_is_used) {
  const auto state = parse_state(R"({"events":{"events":{"5":{"id":6,"router":"r"}}}})", kNow);
  ASSERT_TRUE(state);
  EXPECT_THAT(attribute_lines(state->cases.at(5)), ::testing::StartsWith("id: 6\r\n"));
}

TEST(StateFile, addresses_are_shown_as_python_shows_them) {
  EXPECT_EQ(canonical_address("2001:DB8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(canonical_address("::ffff:1.2.3.4"), "::ffff:102:304");
  EXPECT_EQ(canonical_address("1:0:2:3:4:5:6:7"), "1:0:2:3:4:5:6:7");
  EXPECT_EQ(canonical_address("::"), "::");
  EXPECT_EQ(canonical_address("10.0.0.1"), "10.0.0.1");
  for (const char* bad : {"10.0.0.01", "10.0.0", "x", "", "1.2.3.4%eth0", "::1%"}) EXPECT_FALSE(canonical_address(bad)) << bad;
}

TEST(StateFile, what_is_wrong_is_refused_with_line_and_field) {
  EXPECT_THAT(refusal("{\n\"events\": {\n \"events\": {\n  \"5\": {\"router\": \"r\",\n   \"state\": \"ajar\"}}}}"),
              HasSubstr("line 5: events.events.5.state: expected one of embryonic, open"));
  EXPECT_EQ(refusal("{\"events\":{\"events\":{\"5\":{}}}}"), "line 1: events.events.5: no router");
  EXPECT_EQ(refusal("{\"events\":{\"events\":{\n\"5\":{\"router\":\"r\",\"polladdr\":\"1.2.3\"}}}}"),
            "line 2: events.events.5.polladdr: expected an IP address");
  EXPECT_EQ(refusal("{\"events\":{\"events\":{\"5\":{\"router\":\"r\",\"log\":[{\"message\":\"a\"},\n{\"message\":1}]}}}}"),
            "line 2: events.events.5.log.1.message: expected a string");
  EXPECT_EQ(refusal("{\"events\":{\"events\":{\"five\":{}}}}"), "line 1: events.events.five: the key is not an integer");
  EXPECT_EQ(refusal("[]"), "line 1: the document: expected an object");
  EXPECT_THAT(refusal("{\n\"a\": 1,\n}"), HasSubstr("line 3: "));
  EXPECT_THAT(refusal(""), HasSubstr("line 1: "));
  EXPECT_THAT(refusal("{\"a\": \"\xFF\"}"), HasSubstr("line 1: "));
  EXPECT_EQ(refusal(std::string(100'000, '[')), "line 1: nested deeper than 64 levels");
}

TEST(StateFile, duplicates_are_closed_but_for_the_oldest) {
  auto state = parse_state(R"({"events":{"events":{
    "1":{"id":1,"router":"r","ifindex":1,"state":"open","opened":200},
    "2":{"id":2,"router":"r","ifindex":1,"state":"working","opened":100},
    "3":{"id":3,"router":"r","ifindex":2,"state":"open","opened":300},
    "4":{"id":4,"router":"r","ifindex":1,"state":"closed","opened":50}}}})",
                           kNow);
  ASSERT_TRUE(state);
  Store store(*state);
  ASSERT_TRUE(store.has_duplicates());
  store.apply({kNow, "", CloseDuplicates{}});
  EXPECT_FALSE(store.has_duplicates());
  EXPECT_EQ(store.find_case(1)->text("state"), "closed");
  EXPECT_EQ(store.find_case(2)->text("state"), "working");
  const auto& log = *store.find_case(1)->get<std::vector<LogEntry>>("log");
  EXPECT_THAT(log.back().message, EndsWith("duplicate of event 2"));
}

}  // namespace
}  // namespace uncork::zino
