#include "report/top_table.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace uncork::report {
namespace {

using core::Micros;

TopLine some_line(std::string command, std::uint64_t exchanges, Micros lost) {
  stall::Service service;
  service.key = {std::move(command), stall::Role::responder, 80, "shop"};
  service.account.exchanges = exchanges;
  service.account.budget[stall::Cause::cork] = lost;
  service.account.budget[stall::Cause::network] = Micros(1000) * exchanges;
  service.times.add(Micros(2000), exchanges);
  return {stall::conclude(std::move(service), stall::Confidence::witnessed, {}), "web-1", Trend::rises};
}

TEST(TopTable, shows_a_line_a_service) {
  const std::vector<TopLine> lines = {some_line("nginx", 10, Micros(50'000)), some_line("idle", 0, Micros(0))};
  EXPECT_EQ(
      top_table(lines, {"today", "service", 2, 1}, 0, Color::no),
      "uncork top  today  2 services, 1 losing time\n"
      "\n"
      "   LOST  LOST/EX  SERVICE           CONTAINER  EXCHANGES      P50      P99  TREND   CAUSE  REMEDY\n"
      "50.0 ms  5.00 ms  nginx server :80  web-1             10  2.02 ms  2.02 ms  rising  cork   uncork after the last byte\n"
      "   0 us        -  idle server :80   web-1              0        -        -  rising  -\n");
}

TEST(TopTable, of_other_groups_has_their_names_alone) {
  std::vector<TopLine> lines = {some_line("web-1", 10, Micros(50'000))};
  lines[0].verdict.service.key.port = 0;
  const std::string table = top_table(lines, {"today", "process", 1, 1}, 60, Color::yes);
  EXPECT_EQ(table.substr(0, table.find("P50")),
            "uncork top  today  1 process, 1 losing time\n\n\x1b[1m   LOST  LOST/EX  GROUP  EXCHANGES      ");
}

TEST(TopTable, trends_need_half_as_much_again) {
  EXPECT_EQ(trend_of(Micros(0), Micros(0)), Trend::none);
  EXPECT_EQ(trend_of(Micros(0), Micros(1)), Trend::began);
  EXPECT_EQ(trend_of(Micros(1), Micros(0)), Trend::over);
  EXPECT_EQ(trend_of(Micros(100), Micros(149)), Trend::steady);
  EXPECT_EQ(trend_of(Micros(100), Micros(150)), Trend::rises);
  EXPECT_EQ(trend_of(Micros(149), Micros(100)), Trend::steady);
  EXPECT_EQ(trend_of(Micros(150), Micros(100)), Trend::falls);
}

TEST(TopJson, says_null_where_nothing_was_timed) {
  const std::string json = top_json(some_line("idle", 0, Micros(0)), "service").dump();
  EXPECT_NE(json.find("\"p50_ms\":null"), std::string::npos);
  EXPECT_NE(json.find("\"lost_an_exchange_ms\":null"), std::string::npos);
  EXPECT_NE(json.find("\"role\":\"server\""), std::string::npos);
  EXPECT_EQ(top_json(some_line("web-1", 1, Micros(0)), "container").dump().find("\"role\""), std::string::npos);
}

}  // namespace
}  // namespace uncork::report
