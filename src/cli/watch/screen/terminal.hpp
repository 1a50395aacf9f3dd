#pragma once
// A terminal as lines to show and keys to take: ncurses, and nobody else sees it.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace uncork::cli {

enum class Key : std::uint8_t { none, up, down, page_up, page_down, first, last, enter, back, rub_out, escape, text };

struct KeyPress {
  Key key = Key::none;
  char text = 0;  ///< of Key::text: what was typed, of ASCII
};

enum class Style : std::uint8_t { plain, strong, chosen, faint };

struct StyledLine {
  std::string text;  ///< UTF-8; what does not fit is cut
  Style style = Style::plain;
};

/// The terminal of standard input and output, on its alternate screen while this lives. One at a time, one thread. What signals
/// (SIGWINCH, SIGTSTP) do to it is done here.
class Terminal {
 public:
  /// Null where there is none, or none that can move its cursor (TERM=dumb).
  [[nodiscard]] static std::unique_ptr<Terminal> open();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] std::size_t width() const;
  [[nodiscard]] std::size_t height() const;
  /// Whether it shows UTF-8.
  [[nodiscard]] bool is_utf8() const { return is_utf8_; }
  /// The whole screen: lines that are left out are empty.
  void draw(const std::vector<StyledLine>& lines);
  /// Waits until a key, another size (`none`, at once) or `deadline`.
  [[nodiscard]] KeyPress wait_key(core::Time deadline);

 private:
  Terminal();
  void* screen_ = nullptr;  // SCREEN
  bool is_utf8_ = false;
};

}  // namespace uncork::cli
