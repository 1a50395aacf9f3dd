#pragma once
// What keys do to a list that changes beneath them, without a terminal.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/watch/screen/terminal.hpp"

namespace uncork::cli {

/// A line of a list, and how it is known again.
struct Item {
  std::string id;
  std::string line;
};

/// What a page shows at a moment.
struct Page {
  std::string heading;
  std::vector<std::string> above{};  ///< text between the heading and the list
  std::string titles{};              ///< of the list; empty: there is none
  std::vector<Item> items{};         ///< in the order that is wished
};

/// What a key asks of whoever has the browser.
enum class Wish : std::uint8_t {
  nothing,
  quit,
  open,    ///< the chosen item
  back,    ///< to the page before
  sort,    ///< by the next of the orders
  pause,   ///< or go on
  filter,  ///< typed() has changed
  cure,    ///< what is chosen: ask() whether to
  cure_now,
  undo,
};

/// One page of lines, of which one is chosen. Lines keep their places while somebody looks: from the first key that moves the
/// choice on, new ones come last. A value; one thread.
class Browser {
 public:
  /// The page as it is now.
  void show(Page page);
  /// Another page, to be shown next: nothing is chosen, and its order is the given one.
  void turn_over();
  /// This item, if it is on the page that is shown next.
  void choose(std::string id);

  Wish press(const KeyPress& press);
  /// The id of the chosen item; empty: there is none.
  [[nodiscard]] const std::string& chosen() const { return chosen_; }
  /// Of the filter; empty: none.
  [[nodiscard]] const std::string& typed() const { return typed_; }
  void forget_typed() { typed_.clear(); }
  /// Asks whether to run it: cure_now comes if so.
  void ask(std::string command) { asked_ = std::move(command); }
  /// The last line, until the next key.
  void say(std::string sentence) { said_ = std::move(sentence); }

  /// `hints`: what the keys do here, for the last line.
  [[nodiscard]] std::vector<StyledLine> frame(std::size_t height, const std::string& hints) const;

 private:
  enum class Mode : std::uint8_t { list, filter, help };
  Wish press_in_filter(const KeyPress& press);
  void move(std::ptrdiff_t by);
  [[nodiscard]] std::size_t place_of_chosen() const;
  [[nodiscard]] std::size_t rows_shown(std::size_t height) const;

  Page page_;
  Mode mode_ = Mode::list;
  std::string chosen_;
  bool is_looked_at_ = false;
  bool is_reordered_ = false;
  std::string typed_;
  std::string typed_before_;
  std::string asked_;
  std::string said_;
  mutable std::size_t first_ = 0;  // of the items on the screen; without any, of the text above
  mutable std::size_t height_ = 24;
};

}  // namespace uncork::cli
