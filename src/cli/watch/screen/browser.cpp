#include "cli/watch/screen/browser.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace uncork::cli {
namespace {

constexpr std::array<std::string_view, 12> kHelp = {
    "Up, Down, Page Up, Page Down, Home, End   choose a line",
    "Enter, Right                              go into it: a service's connections, a connection's time",
    "Left, Escape                              go back",
    "/                                         show only some, such as: comm ~ \"^nginx\" and lost > 1ms",
    "s                                         sort by something else",
    "p                                         pause, or go on",
    "c                                         cure what is chosen, after a question",
    "u                                         undo what was cured",
    "q, Ctrl-C                                 end, and leave the verdicts",
    "",
    "Lines keep their places from the first key on; s sorts them again.",
    "Any key ends this help.",
};

}  // namespace

void Browser::show(Page page) {
  if (is_looked_at_ && !is_reordered_) {
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < page_.items.size(); ++i) places.emplace(page_.items[i].id, i);
    std::vector<std::pair<std::size_t, std::size_t>> order;  // the place before, if there was one, and the one that is given
    for (std::size_t i = 0; i < page.items.size(); ++i) {
      const auto place = places.find(page.items[i].id);
      order.emplace_back(place == places.end() ? places.size() : place->second, i);
    }
    std::ranges::sort(order);
    std::vector<Item> kept;
    for (const auto& [place, given] : order) kept.push_back(std::move(page.items[given]));
    page.items = std::move(kept);
  }
  is_reordered_ = false;
  const std::size_t place = place_of_chosen();
  const bool is_there = std::ranges::find(page.items, chosen_, &Item::id) != page.items.end();
  if (!is_there) chosen_ = page.items.empty() ? "" : page.items[std::min(place, page.items.size() - 1)].id;
  if (!is_looked_at_ && !page.items.empty()) chosen_ = page.items.front().id;
  page_ = std::move(page);
}

void Browser::turn_over() {
  page_ = {};
  chosen_.clear();
  said_.clear();
  asked_.clear();
  typed_.clear();
  is_looked_at_ = false;
  first_ = 0;
}

void Browser::choose(std::string id) {
  chosen_ = std::move(id);
  is_looked_at_ = true;
}

std::size_t Browser::place_of_chosen() const {
  const auto found = std::ranges::find(page_.items, chosen_, &Item::id);
  return found == page_.items.end() ? 0 : static_cast<std::size_t>(found - page_.items.begin());
}

void Browser::move(std::ptrdiff_t by) {
  if (page_.items.empty()) {  // then the text goes up and down
    const auto most = std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(page_.above.size()) - 1, 0);
    first_ = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(first_) + by, 0, most));
    return;
  }
  is_looked_at_ = true;
  const auto last = static_cast<std::ptrdiff_t>(page_.items.size()) - 1;
  const auto place = std::clamp(static_cast<std::ptrdiff_t>(place_of_chosen()) + by, std::ptrdiff_t{0}, last);
  chosen_ = page_.items[static_cast<std::size_t>(place)].id;
}

Wish Browser::press_in_filter(const KeyPress& press) {
  switch (press.key) {
    case Key::enter:
      mode_ = Mode::list;
      return Wish::filter;
    case Key::escape:
      mode_ = Mode::list;
      typed_ = typed_before_;
      return Wish::nothing;
    case Key::rub_out:
      if (!typed_.empty()) typed_.pop_back();
      return Wish::nothing;
    case Key::text:
      typed_ += press.text;
      return Wish::nothing;
    default:
      return Wish::nothing;
  }
}

Wish Browser::press(const KeyPress& press) {
  if (press.key == Key::none) return Wish::nothing;
  said_.clear();
  if (mode_ == Mode::help) {
    mode_ = Mode::list;
    return Wish::nothing;
  }
  if (mode_ == Mode::filter) return press_in_filter(press);
  if (!asked_.empty()) {
    asked_.clear();
    const bool yes = press.key == Key::text && (press.text == 'y' || press.text == 'Y');
    if (!yes) said_ = "Nothing was changed.";
    return yes ? Wish::cure_now : Wish::nothing;
  }
  const auto page = static_cast<std::ptrdiff_t>(std::max<std::size_t>(rows_shown(height_), 2)) - 1;
  const auto all = static_cast<std::ptrdiff_t>(page_.items.size());
  switch (press.key) {
    case Key::up:
      move(-1);
      return Wish::nothing;
    case Key::down:
      move(1);
      return Wish::nothing;
    case Key::page_up:
      move(-page);
      return Wish::nothing;
    case Key::page_down:
      move(page);
      return Wish::nothing;
    case Key::first:
      move(-all);
      return Wish::nothing;
    case Key::last:
      move(all);
      return Wish::nothing;
    case Key::enter:
      return chosen_.empty() ? Wish::nothing : Wish::open;
    case Key::back:
    case Key::escape:
    case Key::rub_out:
      return Wish::back;
    default:
      break;
  }
  switch (press.text) {
    case '/':
      mode_ = Mode::filter;
      typed_before_ = typed_;
      return Wish::nothing;
    case '?':
      mode_ = Mode::help;
      return Wish::nothing;
    case 's':
      is_looked_at_ = true;
      is_reordered_ = true;
      return Wish::sort;
    case 'p':
      return Wish::pause;
    case 'c':
      return Wish::cure;
    case 'u':
      return Wish::undo;
    case 'q':
      return Wish::quit;
    default:
      return Wish::nothing;
  }
}

/// Heading, a blank line, what is above, the titles, the last line.
std::size_t Browser::rows_shown(std::size_t height) const {
  const std::size_t around = 2 + page_.above.size() + (page_.titles.empty() ? 0 : 1) + 1;
  return height > around ? height - around : 0;
}

std::vector<StyledLine> Browser::frame(std::size_t height, const std::string& hints) const {
  height_ = height;
  std::vector<StyledLine> lines = {{page_.heading, Style::strong}, {"", Style::plain}};
  if (mode_ == Mode::help) {
    for (const std::string_view line : kHelp) lines.push_back({std::string(line), Style::plain});
  } else {
    const std::size_t above = page_.items.empty() ? first_ : 0;
    for (std::size_t i = above; i < page_.above.size(); ++i) lines.push_back({page_.above[i], Style::plain});
    if (!page_.titles.empty()) lines.push_back({page_.titles, Style::strong});
    const std::size_t rows = rows_shown(height);
    const std::size_t chosen = place_of_chosen();
    if (!page_.items.empty()) first_ = std::min(first_, chosen);
    if (rows != 0 && chosen >= first_ + rows) first_ = chosen - rows + 1;
    for (std::size_t i = first_; i < page_.items.size() && i < first_ + rows; ++i)
      lines.push_back({page_.items[i].line, page_.items[i].id == chosen_ ? Style::chosen : Style::plain});
  }
  lines.resize(std::max<std::size_t>(height, 1) - 1);
  if (mode_ == Mode::filter) {
    lines.push_back({"/" + typed_ + "_", Style::strong});
  } else if (!asked_.empty()) {
    lines.push_back({"Run '" + asked_ + "'? (y/n)", Style::strong});
  } else if (!said_.empty()) {
    lines.push_back({said_, Style::strong});
  } else {
    lines.push_back({hints, Style::faint});
  }
  return lines;
}

}  // namespace uncork::cli
