#pragma once
// The notification channel, as a client has it.

#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "zino/client/client.hpp"
#include "zino/client/connection.hpp"
#include "zino/protocol/notification.hpp"

namespace uncork::zino {

/// Tied to a session, which must live as long. Blocking; move-only, not thread-safe. After an error it is of no use any more.
class NotificationChannel {
 public:
  static constexpr std::size_t kLongestLine = 64 * 1024;

  /// Connects to the notification port, reads the nonce in whatever pieces it comes and ties it to `session` (NTIE).
  [[nodiscard]] static core::Result<NotificationChannel> open(const ConnectOptions& options, Client& session);

  /// The next notification; nothing if none has come by `until`. Error: the server has closed, said goodbye, or sends a line
  /// that is none or has no end.
  [[nodiscard]] core::Result<std::optional<Notification>> next(core::Time until);

 private:
  explicit NotificationChannel(Connection connection) : connection_(std::move(connection)) {}
  core::Result<bool> receive(core::Time until);
  std::optional<std::string> take_line();
  [[nodiscard]] core::Error refused(const std::string& what) const;

  Connection connection_;
  std::string buffer_;
};

}  // namespace uncork::zino
