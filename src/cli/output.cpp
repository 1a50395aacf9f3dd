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

void print_page(std::string_view text) {
  constexpr int kPage = 80;
  const int width = terminal_width(STDOUT_FILENO);
  put(report::fold(text, static_cast<std::size_t>(width == 0 ? kPage : width)));
}

void print_text(std::string_view text) {
  const int width = terminal_width(STDOUT_FILENO);
  put(width == 0 ? std::string(text) : report::fold(text, static_cast<std::size_t>(width)));
}

}  // namespace uncork::cli
