#include "cli/watch/screen/terminal.hpp"

#include <langinfo.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#define NCURSES_NOMACROS
#include <ncurses.h>

namespace uncork::cli {
namespace {

Key key_of(int code) {
  switch (code) {
    case KEY_UP:
      return Key::up;
    case KEY_DOWN:
      return Key::down;
    case KEY_PPAGE:
      return Key::page_up;
    case KEY_NPAGE:
      return Key::page_down;
    case KEY_HOME:
      return Key::first;
    case KEY_END:
      return Key::last;
    case KEY_ENTER:
    case KEY_RIGHT:
    case '\n':
    case '\r':
      return Key::enter;
    case KEY_LEFT:
      return Key::back;
    case KEY_BACKSPACE:
    case 127:
    case '\b':
      return Key::rub_out;
    case 27:
      return Key::escape;
    default:
      return code >= ' ' && code < 127 ? Key::text : Key::none;
  }
}

int attributes_of(Style style) {
  switch (style) {
    case Style::strong:
      return static_cast<int>(A_BOLD);
    case Style::chosen:
      return static_cast<int>(A_REVERSE);
    case Style::faint:
      return static_cast<int>(A_DIM);
    case Style::plain:
      break;
  }
  return static_cast<int>(A_NORMAL);
}

}  // namespace

std::unique_ptr<Terminal> Terminal::open() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) return nullptr;
  const char* kind = std::getenv("TERM");
  if (kind == nullptr || *kind == '\0' || std::string_view(kind) == "dumb") return nullptr;
  std::unique_ptr<Terminal> terminal(new Terminal);
  return terminal->screen_ == nullptr ? nullptr : std::move(terminal);
}

Terminal::Terminal() {
  std::setlocale(LC_CTYPE, "");
  is_utf8_ = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  screen_ = ::newterm(nullptr, stdout, stdin);  // unlike initscr() it tells of what it cannot do instead of ending us
  if (screen_ == nullptr) return;
  ::cbreak();
  ::noecho();
  ::nonl();
  ::keypad(stdscr, true);
  ::nodelay(stdscr, true);
  ::set_escdelay(25);
  ::curs_set(0);
}

Terminal::~Terminal() {
  if (screen_ == nullptr) return;
  ::curs_set(1);
  ::endwin();
  ::delscreen(static_cast<SCREEN*>(screen_));
}

std::size_t Terminal::width() const { return static_cast<std::size_t>(std::max(getmaxx(stdscr), 1)); }
std::size_t Terminal::height() const { return static_cast<std::size_t>(std::max(getmaxy(stdscr), 1)); }

void Terminal::draw(const std::vector<StyledLine>& lines) {
  const int rows = getmaxy(stdscr);
  const int columns = getmaxx(stdscr);
  ::werase(stdscr);
  for (int row = 0; row < rows && row < static_cast<int>(lines.size()); ++row) {
    const StyledLine& line = lines[static_cast<std::size_t>(row)];
    ::wattrset(stdscr, attributes_of(line.style));
    ::wmove(stdscr, row, 0);
    // A line as wide as the screen would go on in the next one: the last cell of the last one stays empty.
    std::size_t bytes = 0;
    for (int cells = 0; bytes < line.text.size() && cells < columns - (row + 1 == rows ? 1 : 0); ++cells) {
      do {
        ++bytes;
      } while (bytes < line.text.size() && (static_cast<unsigned char>(line.text[bytes]) & 0xC0U) == 0x80U);
    }
    ::waddnstr(stdscr, line.text.c_str(), static_cast<int>(bytes));
    if (line.style == Style::chosen) {
      for (int cells = getcurx(stdscr); getcury(stdscr) == row && cells < columns - 1; ++cells)
        ::waddch(stdscr, static_cast<chtype>(' '));
    }
  }
  ::wattrset(stdscr, static_cast<int>(A_NORMAL));
  ::wrefresh(stdscr);
}

KeyPress Terminal::wait_key(core::Time deadline) {
  int code = ::wgetch(stdscr);
  if (code == ERR) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - core::MonotonicClock::now()).count();
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000))) < 0) return {};         // another size
    if ((input.revents & (POLLHUP | POLLERR)) != 0 && (input.revents & POLLIN) == 0) return {Key::text, 'q'};  // it has gone
    code = ::wgetch(stdscr);
  }
  if (code == ERR) return {};
  const Key key = key_of(code);
  return {key, key == Key::text ? static_cast<char>(code) : char{0}};
}

}  // namespace uncork::cli
