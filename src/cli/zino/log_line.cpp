#include "cli/zino/log_line.hpp"

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

void log_line(std::string_view line) noexcept {
  if (would_wait()) return;
  // One write, so that lines of several programs in one file stay whole; and no memory, which may be what there is none of.
  const auto part = [](std::string_view text) { return iovec{const_cast<char*>(text.data()), text.size()}; };
  const std::array<iovec, 3> parts = {part("uncork zino: "), part(line), part("\n")};
  static_cast<void>(!::writev(STDERR_FILENO, parts.data(), static_cast<int>(parts.size())));
}

}  // namespace uncork::cli
