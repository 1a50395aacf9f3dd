#pragma once
// One blocking TCP connection by host name, every wait of which has an end.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::zino {

/// Asked about ten times a second while something is waited for; true ends the wait with an error (ECANCELED).
using Stopped = std::function<bool()>;

/// Move-only, not thread-safe. Errors name the server: `127.0.0.1:8001: Connection reset by peer`.
class Connection {
 public:
  /// Looks the name up and tries every address that it has, each of these for at most `patience`. `stopped` is kept for later
  /// waits; empty: nothing ends them early.
  [[nodiscard]] static core::Result<Connection> open(const std::string& host, std::uint16_t port, core::Micros patience,
                                                     Stopped stopped = {});

  /// Appends what comes next to `received`, sending `unsent` (and taking away what was sent) meanwhile. Returns when something
  /// was received, with its size; 0 bytes: the server has closed; nothing: it is `until`.
  [[nodiscard]] core::Result<std::optional<std::size_t>> exchange(std::string& unsent, std::string& received, core::Time until);
  /// Waits for `until` at most; false: nothing has come.
  [[nodiscard]] core::Result<bool> readable(core::Time until) const;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] core::Micros patience() const { return patience_; }

 private:
  Connection(core::Fd socket, std::string name, core::Micros patience, Stopped stopped)
      : socket_(std::move(socket)), name_(std::move(name)), patience_(patience), stopped_(std::move(stopped)) {}
  core::Status send(std::string& unsent);

  core::Fd socket_;
  std::string name_;
  core::Micros patience_;
  Stopped stopped_;
};

}  // namespace uncork::zino
