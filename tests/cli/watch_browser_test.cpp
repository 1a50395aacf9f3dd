// What keys do to the screen of `uncork watch`, without a terminal.
#include "cli/watch/screen/browser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/watch/screen/cure_runner.hpp"

namespace uncork::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr KeyPress key(Key which) { return {which, 0}; }
constexpr KeyPress typed(char text) { return {Key::text, text}; }

Page page(const std::vector<std::string>& ids) {
  Page made{"heading", {}, "TITLES", {}};
  for (const std::string& id : ids) made.items.push_back({id, "line " + id});
  return made;
}

/// The items that are on the screen.
std::vector<std::string> shown(const Browser& browser, std::size_t height = 24) {
  std::vector<std::string> lines;
  for (const StyledLine& line : browser.frame(height, "")) {
    if (line.text.starts_with("line ")) lines.push_back(line.text.substr(5));
  }
  return lines;
}
std::string last_line(const Browser& browser) { return browser.frame(24, "hints").back().text; }

TEST(Browser, begins_with_the_first_line_wherever_that_comes_to_stand) {
  Browser browser;
  browser.show(page({"a", "b"}));
  EXPECT_EQ(browser.chosen(), "a");
  browser.show(page({"b", "a"}));
  EXPECT_EQ(browser.chosen(), "b");
  EXPECT_THAT(shown(browser), ElementsAre("b", "a"));
}

TEST(Browser, keeps_the_places_of_lines_from_the_first_move_on) {
  Browser browser;
  browser.show(page({"a", "b", "c"}));
  EXPECT_EQ(browser.press(key(Key::down)), Wish::nothing);
  browser.show(page({"new", "c", "b", "a"}));
  EXPECT_THAT(shown(browser), ElementsAre("a", "b", "c", "new"));
  EXPECT_EQ(browser.chosen(), "b");
  EXPECT_EQ(browser.press(typed('s')), Wish::sort);
  browser.show(page({"new", "c", "b", "a"}));
  EXPECT_THAT(shown(browser), ElementsAre("new", "c", "b", "a"));
  EXPECT_EQ(browser.chosen(), "b");
  browser.show(page({"a", "b", "c", "new"}));
  EXPECT_THAT(shown(browser), ElementsAre("new", "c", "b", "a"));
}

TEST(Browser, stays_at_its_place_when_the_chosen_line_goes) {
  Browser browser;
  browser.show(page({"a", "b", "c"}));
  browser.press(key(Key::down));
  browser.show(page({"a", "c"}));
  EXPECT_EQ(browser.chosen(), "c");
  browser.show(page({}));
  EXPECT_EQ(browser.chosen(), "");
  EXPECT_EQ(browser.press(key(Key::enter)), Wish::nothing);
  browser.show(page({"a"}));
  EXPECT_EQ(browser.chosen(), "a");
}

TEST(Browser, shows_the_chosen_line_on_a_screen_that_is_too_small_for_all) {
  Browser browser;
  std::vector<std::string> ids;
  for (char id = 'a'; id <= 'z'; ++id) ids.emplace_back(1, id);
  browser.show(page(ids));
  constexpr std::size_t kHeight = 9;  // five of them
  EXPECT_THAT(shown(browser, kHeight), ElementsAre("a", "b", "c", "d", "e"));
  browser.press(key(Key::last));
  EXPECT_THAT(shown(browser, kHeight), ElementsAre("v", "w", "x", "y", "z"));
  browser.press(key(Key::page_up));
  EXPECT_EQ(browser.chosen(), "v");
  browser.press(key(Key::up));
  EXPECT_THAT(shown(browser, kHeight), ElementsAre("u", "v", "w", "x", "y"));
  browser.press(key(Key::first));
  browser.press(key(Key::up));
  EXPECT_EQ(browser.chosen(), "a");
  for (const std::size_t height : {0U, 1U, 2U, 3U, 4U})
    EXPECT_LE(browser.frame(height, "hints").size(), std::max<std::size_t>(height, 1));
}

TEST(Browser, moves_a_text_that_has_no_lines_to_choose) {
  Browser browser;
  browser.show({"heading", {"one", "two", "three"}, "", {}});
  browser.press(key(Key::down));
  EXPECT_EQ(browser.frame(10, "")[2].text, "two");
  browser.press(key(Key::last));
  browser.press(key(Key::up));
  EXPECT_EQ(browser.frame(10, "")[2].text, "one");
}

TEST(Browser, cures_only_after_a_yes) {
  Browser browser;
  browser.show(page({"a"}));
  EXPECT_EQ(browser.press(typed('c')), Wish::cure);
  browser.ask("uncork cure --pid 1");
  EXPECT_EQ(last_line(browser), "Run 'uncork cure --pid 1'? (y/n)");
  EXPECT_EQ(browser.press(typed('q')), Wish::nothing);
  EXPECT_EQ(last_line(browser), "Nothing was changed.");
  browser.press(typed('c'));
  browser.ask("uncork cure --pid 1");
  EXPECT_EQ(browser.press(typed('y')), Wish::cure_now);
  EXPECT_EQ(browser.press(typed('y')), Wish::nothing);
}

TEST(Browser, takes_a_filter_letter_by_letter) {
  Browser browser;
  browser.show(page({"a"}));
  browser.press(typed('/'));
  for (const char letter : std::string("losx")) EXPECT_EQ(browser.press(typed(letter)), Wish::nothing);
  browser.press(key(Key::rub_out));
  browser.press(typed('t'));
  EXPECT_EQ(last_line(browser), "/lost_");
  EXPECT_EQ(browser.press(key(Key::enter)), Wish::filter);
  EXPECT_EQ(browser.typed(), "lost");
  browser.press(typed('/'));
  browser.press(typed('q'));
  EXPECT_EQ(browser.press(key(Key::escape)), Wish::nothing);
  EXPECT_EQ(browser.typed(), "lost");
}

TEST(Browser, says_what_keys_do_until_the_next_key) {
  Browser browser;
  browser.show(page({"a"}));
  browser.press(typed('?'));
  std::vector<std::string> help;
  for (const StyledLine& line : browser.frame(30, "")) help.push_back(line.text);
  EXPECT_THAT(help, Contains(HasSubstr("leave the verdicts")));
  EXPECT_EQ(browser.press(typed('q')), Wish::nothing);
  EXPECT_EQ(browser.press(typed('q')), Wish::quit);
  browser.say("said");
  EXPECT_EQ(last_line(browser), "said");
  EXPECT_EQ(browser.press(typed('p')), Wish::pause);
  EXPECT_EQ(last_line(browser), "hints");
}

TEST(Browser, asks_to_go_in_and_back) {
  Browser browser;
  browser.show(page({"a"}));
  EXPECT_EQ(browser.press(key(Key::enter)), Wish::open);
  for (const Key back : {Key::back, Key::escape, Key::rub_out}) EXPECT_EQ(browser.press(key(back)), Wish::back);
  browser.turn_over();
  browser.choose("b");
  browser.show(page({"a", "b"}));
  EXPECT_EQ(browser.chosen(), "b");
}

TEST(CureRunner, undoes_what_it_did) {
  EXPECT_EQ(CureRunner::undoing("uncork cure --pid 1,2 --port 80 --watch"), "uncork cure --pid 1,2 --port 80 --undo");
}

}  // namespace
}  // namespace uncork::cli
