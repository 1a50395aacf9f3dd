#pragma once
// What tells systemd how a service is (sd_notify(3)), without its library.

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/fd.hpp"

namespace uncork::collect {

/// Does nothing where nobody asked for it. One thread.
class Supervisor {
 public:
  /// Reads NOTIFY_SOCKET and WATCHDOG_USEC of the environment, and takes them out of it: they are not for what we start.
  Supervisor();

  void ready(std::string_view status) { send("READY=1\nSTATUS=" + std::string(status)); }
  void reloading();
  void stopping() { send("STOPPING=1"); }
  /// Call it at least as often as watchdog_every().
  void alive(std::string_view status) { send("WATCHDOG=1\nSTATUS=" + std::string(status)); }

  /// Half of the time after which systemd takes us for dead; nothing: it does not.
  [[nodiscard]] std::optional<core::Micros> watchdog_every() const { return watchdog_every_; }

 private:
  void send(const std::string& message) const;

  std::string path_;
  std::optional<core::Micros> watchdog_every_;
};

}  // namespace uncork::collect
