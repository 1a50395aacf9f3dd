#pragma once
// One blocking TCP connection by host name, every wait of which has an end.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::zino {

/// Move-only, not thread-safe. Errors name the server: `127.0.0.1:8001: no answer for 30 s`.
class Connection {
 public:
  /// Tries every address that the name has, each for at most `patience`, which also bounds every later wait.
  [[nodiscard]] static core::Result<Connection> open(const std::string& host, std::uint16_t port, core::Micros patience);

  /// Appends what comes next to `received`, sending `unsent` (and taking away what was sent) meanwhile. Returns when something
  /// was received; 0 bytes: the server has closed.
  [[nodiscard]] core::Result<std::size_t> exchange(std::string& unsent, std::string& received);
  /// Waits for `until` at most; false: nothing has come.
  [[nodiscard]] core::Result<bool> readable(core::Time until) const;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Connection(core::Fd socket, std::string name, core::Micros patience)
      : socket_(std::move(socket)), name_(std::move(name)), patience_(patience) {}
  core::Status send(std::string& unsent);

  core::Fd socket_;
  std::string name_;
  core::Micros patience_;
};

}  // namespace uncork::zino
