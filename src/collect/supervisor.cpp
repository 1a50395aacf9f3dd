#include "collect/supervisor.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace uncork::collect {

Supervisor::Supervisor() {
  if (const char* path = std::getenv("NOTIFY_SOCKET"); path != nullptr) path_ = path;
  if (const char* every = std::getenv("WATCHDOG_USEC"); every != nullptr) {
    const std::string_view text = every;
    std::int64_t micros = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), micros);
    if (failed == std::errc{} && end == text.data() + text.size() && micros > 1) watchdog_every_ = core::Micros(micros / 2);
  }
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");
}

void Supervisor::reloading() {
  // Since systemd 253 with the time, by which it tells this reload from an earlier one.
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", core::MonotonicClock::now().time_since_epoch().count()));
}

void Supervisor::send(const std::string& message) const {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path_.empty() || path_.size() >= sizeof to.sun_path) return;
  std::ranges::copy(path_, to.sun_path);
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  const core::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  // Whoever asked for it may be gone: that is no trouble of ours.
  static_cast<void>(::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&to), size));
}

}  // namespace uncork::collect
