#include "cli/zino/say.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <string>

namespace uncork::cli {
namespace {

bool would_wait() {
  pollfd error{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&error, 1, 0) == 0;
}

}  // namespace

void say(std::string_view line) noexcept {
  try {
    const std::string text = std::string("uncork zino: ").append(line).append("\n");
    // One write, so that lines of several programs in one file stay whole.
    if (!would_wait()) static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
  } catch (const std::exception&) {
    // No memory for the line.
  }
}

void hold_standard_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(standard, F_GETFD) != -1) continue;
    const int opened = ::open("/dev/null", O_RDONLY);  // the lowest that is free: this one
    if (opened != standard && opened > STDERR_FILENO) ::close(opened);
  }
}

}  // namespace uncork::cli
