#include "cli/zino/say.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>

namespace uncork::cli {
namespace {

bool would_wait() {
  pollfd error{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&error, 1, 0) == 0;
}

}  // namespace

void say(std::string_view line) noexcept {
  if (would_wait()) return;
  // One write, so that lines of several programs in one file stay whole; and no memory, which may be what there is none of.
  const auto part = [](std::string_view text) { return iovec{const_cast<char*>(text.data()), text.size()}; };
  const std::array<iovec, 3> parts = {part("uncork zino: "), part(line), part("\n")};
  static_cast<void>(!::writev(STDERR_FILENO, parts.data(), static_cast<int>(parts.size())));
}

void hold_standard_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(standard, F_GETFD) != -1) continue;
    const int opened = ::open("/dev/null", O_RDONLY);  // the lowest that is free: this one
    if (opened != standard && opened > STDERR_FILENO) ::close(opened);
  }
}

}  // namespace uncork::cli
