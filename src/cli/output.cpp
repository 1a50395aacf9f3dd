#include "cli/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "cli/verb.hpp"
#include "report/fold.hpp"

namespace uncork::cli {

void keep_standard_descriptors() {
  // The lowest free descriptor is taken, so in this order each stand-in comes to stand where it must. Standard output's cannot be
  // written to.
  struct StandIn {
    int fd;
    int flags;
  };
  constexpr std::array<StandIn, 3> kStandIns = {{{STDIN_FILENO, O_RDONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_WRONLY}}};
  for (const StandIn& stand_in : kStandIns) {
    if (::fcntl(stand_in.fd, F_GETFD) >= 0 || errno != EBADF) continue;
    if (::open("/dev/null", stand_in.flags) < 0) return;  // NOLINT(cppcoreguidelines-pro-type-vararg): kept for ever
  }
}

void put(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) throw OutputLost{errno};
}

void put_line(std::string_view text) {
  put(text);
  put("\n");
}

void flush() {
  if (std::fflush(stdout) != 0) throw OutputLost{errno};
}

void put_error(std::string_view text) noexcept {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
  static_cast<void>(std::fflush(stderr));
}

namespace {

/// `text` in lines that fit the terminal at `fd`, or a page of 80 columns.
std::string as_page(std::string_view text, int fd) {
  constexpr int kPage = 80;
  const int width = terminal_width(fd);
  return report::fold(text, static_cast<std::size_t>(width == 0 ? kPage : width));
}

}  // namespace

void print_page(std::string_view text) { put(as_page(text, STDOUT_FILENO)); }

void say_page(std::string_view text) noexcept { put_error(as_page(text, STDERR_FILENO)); }

void print_text(std::string_view text) {
  const int width = terminal_width(STDOUT_FILENO);
  put(width == 0 ? std::string(text) : report::fold(text, static_cast<std::size_t>(width)));
}

}  // namespace uncork::cli
