#include "report/event_line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "some_verdict.hpp"
#include "tests/core/parsed_json.hpp"

namespace uncork::report {
namespace {

using stall::EventKind;

stall::Event some_event(EventKind kind) {
  stall::Event event;
  event.at = core::Time(core::Micros(12'345'678));
  event.kind = kind;
  event.bytes = 48;
  return event;
}

TEST(EventLine, of_bytes_says_when_who_where_what_and_how_many) {
  EXPECT_EQ(event_text(some_event(EventKind::wrote), some_end()),
            "12.345678  python3[4711]  127.0.0.1:8001 -> 127.0.0.1:50314  wrote  48\n");
  stall::Event ack = some_event(EventKind::acked);
  ack.on_data = true;
  EXPECT_EQ(event_text(ack, some_end()), "12.345678  python3[4711]  127.0.0.1:8001 -> 127.0.0.1:50314  acked  48 on data\n");
}

TEST(EventLine, of_a_state_says_what_is_set) {
  stall::Event event = some_event(EventKind::sampled);
  event.state.mss_bytes = 1448;
  event.state.min_rtt = core::Micros(20);
  event.state.nodelay = event.state.writer_blocked = true;
  EXPECT_EQ(
      event_text(event, some_end()),
      "12.345678  python3[4711]  127.0.0.1:8001 -> 127.0.0.1:50314  sampled  mss 1448 min_rtt 20 us nodelay writer-blocked\n");
}

TEST(EventLine, of_a_hostile_name_is_one_printable_line) {
  for (const std::string& name : {kClearsTheScreen, kTwoLines, kNotUtf8}) {
    const std::string line = event_text(some_event(EventKind::read), some_end(name));
    EXPECT_EQ(std::ranges::count(line, '\n'), 1) << line;
    EXPECT_EQ(line.find_first_of("\x1b\r\xff"), std::string::npos) << line;
  }
}

TEST(EventLine, every_kind_has_its_own_word) {
  std::set<std::string_view> words;
  for (int kind = 0; kind <= static_cast<int>(EventKind::closed); ++kind) words.insert(name(static_cast<EventKind>(kind)));
  EXPECT_EQ(words.size(), 12U);
  EXPECT_FALSE(words.contains(""));
}

TEST(EventJson, has_the_state_with_states_on_data_with_acks_and_fin_only_with_retransmissions) {
  const auto wrote = core::testing::parsed(event_json(some_event(EventKind::wrote), some_end()));
  EXPECT_EQ(wrote, (nlohmann::json{{"type", "event"},
                                   {"at_us", 12'345'678},
                                   {"socket", 7},
                                   {"pid", 4711},
                                   {"comm", "python3"},
                                   {"local", "127.0.0.1:8001"},
                                   {"remote", "127.0.0.1:50314"},
                                   {"event", "wrote"},
                                   {"bytes", 48}}));
  EXPECT_EQ(core::testing::parsed(event_json(some_event(EventKind::acked), some_end())).at("on_data"), false);
  stall::Event fin = some_event(EventKind::retransmitted);
  fin.fin_only = true;
  EXPECT_EQ(core::testing::parsed(event_json(fin, some_end())).at("fin_only"), true);
  const auto state = core::testing::parsed(event_json(some_event(EventKind::option_changed), some_end())).at("state");
  for (const char* key :
       {"nodelay", "corked", "more", "window_limited", "writer_blocked", "congestion_limited", "paced", "recovering"}) {
    EXPECT_TRUE(state.at(key).is_boolean()) << key;
  }
  for (const char* key : {"mss_bytes", "min_rtt_us"}) EXPECT_TRUE(state.at(key).is_number_integer()) << key;
}

}  // namespace
}  // namespace uncork::report
