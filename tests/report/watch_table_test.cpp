#include "report/watch_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "some_verdict.hpp"

namespace uncork::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<WatchLine> two_lines() {
  stall::ConnectionEnd unknown = some_end();
  unknown.process = {};
  unknown.local.port = 443;
  return {{some_verdict(), 812.4, false}, {some_verdict(stall::Cause::receive_window, unknown), 0, true}};
}

const WatchSummary kSummary{ms(12'500), 40, 2};

TEST(WatchTable, has_a_heading_and_a_line_a_connection) {
  EXPECT_EQ(
      watch_table(two_lines(), kSummary, 0, Color::no),
      "uncork watch  12.5 s  40 connections, 2 losing time\n"
      "\n"
      "LOST/S    LOST  SHARE  PROCESS        LOCAL           REMOTE           CAUSE              WR/EX  B/WR  REMEDY\n"
      "812 ms  1.00 s   80 %  python3[4711]  127.0.0.1:8001  127.0.0.1:50314  nagle_delayed_ack    3.0    48  merge the writes, "
      "or "
      "set TCP_NODELAY\n"
      "  0 ms  1.00 s   80 %  ?              127.0.0.1:443   127.0.0.1:50314  receive_window       3.0    48  (ended) the reader "
      "must read faster\n");
}

TEST(WatchTable, is_cut_to_the_width_of_the_terminal) {
  EXPECT_EQ(watch_table(two_lines(), kSummary, 40, Color::no),
            "uncork watch  12.5 s  40 connections, 2 losing time\n"
            "\n"
            "LOST/S    LOST  SHARE  PROCESS        LO\n"
            "812 ms  1.00 s   80 %  python3[4711]  12\n"
            "  0 ms  1.00 s   80 %  ?              12\n");
}

TEST(WatchTable, in_colour_is_the_same_with_the_titles_in_bold) {
  std::string coloured = watch_table(two_lines(), kSummary, 40, Color::yes);
  EXPECT_THAT(coloured, HasSubstr("\n\x1b[1mLOST/S    LOST  SHARE  PROCESS        LO\x1b[0m\n"));
  for (const std::string code : {"\x1b[1m", "\x1b[0m"}) coloured.erase(coloured.find(code), code.size());
  EXPECT_EQ(coloured, watch_table(two_lines(), kSummary, 40, Color::no));
}

TEST(WatchTable, without_colour_has_no_escape) {
  EXPECT_THAT(watch_table(two_lines(), kSummary, 0, Color::no), Not(HasSubstr("\x1b")));
}

TEST(WatchTable, without_a_losing_connection_says_so) {
  for (const Color color : {Color::no, Color::yes}) {
    EXPECT_EQ(watch_table({}, {ms(500), 3, 0}, 80, color),
              "uncork watch  500 ms  3 connections, 0 losing time\n\nNothing has stalled so far.\n");
  }
}

TEST(WatchTable, shows_a_hostile_name_without_its_escapes) {
  const std::vector<WatchLine> lines = {{some_verdict(stall::Cause::cork, some_end(kClearsTheScreen)), 1, false},
                                        {some_verdict(stall::Cause::cork, some_end(kTwoLines)), 1, false}};
  const std::string text = watch_table(lines, kSummary, 0, Color::no);
  EXPECT_THAT(text, HasSubstr("?[2J[4711]"));
  EXPECT_THAT(text, HasSubstr("a?b?c[4711]"));
  EXPECT_EQ(text.find_first_of("\x1b\r"), std::string::npos);
}

}  // namespace
}  // namespace uncork::report
