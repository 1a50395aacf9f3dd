#include "report/table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <sstream>
#include <string>
#include <vector>

namespace uncork::report {
namespace {

Table fruits() {
  Table table({{"NAME", Align::left}, {"PIECES", Align::right}, {"NOTE", Align::left}});
  table.add({"fig", "3", "ripe"});
  table.add({"clementine", "12", ""});
  return table;
}

TEST(Table, aligns_its_columns_two_blanks_apart) {
  EXPECT_EQ(fruits().render(),
            "NAME        PIECES  NOTE\n"
            "fig              3  ripe\n"
            "clementine      12\n");
}

TEST(Table, the_last_column_goes_on_below_itself_where_a_line_is_too_wide) {
  Table table({{"NAME", Align::left}, {"NOTE", Align::left}});
  table.add({"fig", "ripe and sweet and soft"});
  EXPECT_EQ(table.render(22, Fit::wrap),
            "NAME  NOTE\n"
            "fig   ripe and sweet\n"
            "      and soft\n");
}

TEST(Table, without_rows_is_its_titles) {
  const Table table({{"NAME", Align::left}, {"PIECES", Align::right}});
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.render(), "NAME  PIECES\n");
}

TEST(Table, keeps_a_least_width) {
  Table table({{"N", Align::right, 5}, {"X", Align::left, 4}, {"Y", Align::left}});
  table.add({"1", "a", "b"});
  EXPECT_EQ(table.render(),
            "    N  X     Y\n"
            "    1  a     b\n");
}

TEST(Table, counts_characters_and_not_bytes) {
  Table table({{"NAME", Align::left}, {"PIECES", Align::right}});
  table.add({"Äpfel", "1"});
  table.add({"Öl", "2"});
  EXPECT_EQ(table.render(),
            "NAME   PIECES\n"
            "Äpfel       1\n"
            "Öl          2\n");
}

TEST(Table, is_cut_to_a_width_in_characters_without_blanks_at_line_ends) {
  EXPECT_EQ(fruits().render(11),
            "NAME\n"
            "fig\n"
            "clementine\n");
  EXPECT_EQ(fruits().render(20),
            "NAME        PIECES\n"
            "fig              3\n"
            "clementine      12\n");
  Table table({{"NAME", Align::left}});
  table.add({"äöüß"});
  EXPECT_EQ(table.render(2), "NA\näö\n");
}

TEST(Table, fills_missing_cells_with_nothing) {
  Table table({{"A", Align::left}, {"B", Align::left}});
  table.add({"1"});
  table.add({});
  EXPECT_EQ(table.render(), "A  B\n1\n\n");
}

TEST(Table, refuses_more_cells_than_columns) {
  Table table({{"A", Align::left}});
  EXPECT_DEATH(table.add({"1", "2"}), "broken promise");
}

TEST(Table, shows_no_control_characters) {
  Table table({{"A", Align::left}, {"B", Align::left}});
  table.add({"\x1b[2J", "x\ny"});
  EXPECT_EQ(table.render(),
            "A     B\n"
            "?[2J  x?y\n");
}

TEST(TableProperty, has_a_line_a_row_none_longer_than_the_width_or_ending_in_a_blank) {
  EXPECT_TRUE(rc::check([](const std::vector<std::pair<std::string, std::string>>& rows) {
    const auto width = *rc::gen::inRange<std::size_t>(1, 40);
    Table table({{"LEFT", Align::left}, {"RIGHT", Align::right}});
    for (const auto& [left, right] : rows) table.add({left, right});
    for (const std::size_t limit : {std::size_t{0}, width}) {
      std::istringstream text(table.render(limit));
      std::size_t lines = 0;
      for (std::string line; std::getline(text, line); ++lines) {
        RC_ASSERT(limit == 0 || display_width(line) <= limit);
        RC_ASSERT(!line.ends_with(' '));
      }
      RC_ASSERT(lines == rows.size() + 1);
    }
  }));
}

}  // namespace
}  // namespace uncork::report
