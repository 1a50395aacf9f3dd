#include "lab/zino/report.hpp"
#include "tests/core/parsed_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::lab {
namespace {

using ::testing::HasSubstr;

ZinoRun stalled_run() {
  ZinoRun run;
  run.setup.relay_delay = core::Micros(0);
  run.setup.writes = zino::Writes::per_line;
  run.cases = 2;
  run.total = core::Micros(220'000);
  run.times["getattrs"] = {core::Micros(300), core::Micros(44'000)};
  run.times["gethist"] = {core::Micros(43'000), core::Micros(45'000)};
  run.times["getlog"] = {core::Micros(44'000), core::Micros(44'000)};
  run.replies = 9;
  run.s2c_chunks = std::vector<unsigned>{60, 8, 80, 40, 40};
  run.server_cpu = core::Micros(90);
  run.held = {{ZinoPart::relay, core::Micros(215'000)}};
  run.blamed = ZinoPart::relay;
  return run;
}

ZinoResult result_of(const ZinoRun& run) { return {{}, {run}, {}}; }

TEST(ZinoReport, a_run_is_one_line_with_who_held_what) {
  const std::string line = zino_line(stalled_run());
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  for (const char* part : {"B ", "per-line", "220 ms", "215 ms", "relay"}) EXPECT_THAT(line, HasSubstr(part));
}

TEST(ZinoReport, nobody_is_named_where_nothing_was_held) {
  ZinoRun run = stalled_run();
  run.blamed.reset();
  run.held = std::map<ZinoPart, core::Micros>{};
  EXPECT_THAT(zino_line(run), HasSubstr("nobody"));
}

TEST(ZinoReport, the_json_of_a_run_has_its_figures) {
  const nlohmann::json run = core::testing::parsed(zino_json(result_of(stalled_run()))).at("runs").at(0);
  EXPECT_EQ(run.at("path"), "B");
  EXPECT_EQ(run.at("writes"), "per_line");
  EXPECT_EQ(run.at("nagle"), "off");
  EXPECT_EQ(run.at("client"), "builtin");
  EXPECT_EQ(run.at("server"), "uncork");
  EXPECT_EQ(run.at("front"), false);
  EXPECT_EQ(run.at("pipeline"), 1);
  EXPECT_EQ(run.at("cases"), 2);
  EXPECT_DOUBLE_EQ(run.at("total_s").get<double>(), 0.22);
  EXPECT_EQ(run.at("s2c_chunks"), 5);
  EXPECT_DOUBLE_EQ(run.at("held_ms").get<double>(), 215);
  EXPECT_EQ(run.at("blamed"), "relay");
  EXPECT_DOUBLE_EQ(run.at("server_cpu_us_per_command").get<double>(), 10);
  const nlohmann::json& attrs = run.at("commands").at("getattrs");
  EXPECT_EQ(attrs.at("n"), 2);
  EXPECT_DOUBLE_EQ(attrs.at("mean_ms").get<double>(), 22.15);
  EXPECT_DOUBLE_EQ(attrs.at("p50_ms").get<double>(), 0.3);
  EXPECT_DOUBLE_EQ(attrs.at("p99_ms").get<double>(), 44);
}

TEST(ZinoReport, what_was_not_seen_is_null) {
  ZinoRun run = stalled_run();
  run.held.reset();
  run.blamed.reset();
  run.s2c_chunks.reset();
  const nlohmann::json json = core::testing::parsed(zino_json(result_of(run))).at("runs").at(0);
  for (const char* unseen : {"held_ms", "blamed", "s2c_chunks"}) EXPECT_TRUE(json.at(unseen).is_null()) << unseen;
}

TEST(ZinoReport, the_text_sets_the_published_table_beside_ours_and_says_how_the_times_lie) {
  const std::string text = zino_text(result_of(stalled_run()));
  EXPECT_THAT(text, HasSubstr(" 7.07 s, 1220 chunks; here  0.220 s,    5 chunks, 0.03 of the time"));
  EXPECT_THAT(text, HasSubstr("Here 83 % of the commands met the client's delayed-ACK timer"));
  EXPECT_THAT(text, HasSubstr("<1 ms: 1, 38 to 50: 1"));
  EXPECT_THAT(text, HasSubstr("5 of 8 to 80 bytes, median 40, for 9 replies"));
}

}  // namespace
}  // namespace uncork::lab
