#pragma once
// What the notification channel says: `5 state open working`.

#include <optional>
#include <string>
#include <string_view>

#include "zino/protocol/case_id.hpp"

namespace uncork::zino {

/// One line of the notification channel.
struct Notification {
  CaseId id;
  std::string type;   ///< state, attr, log, history, scavenged
  std::string value;  ///< empty for scavenged

  bool operator==(const Notification&) const = default;
};

/// With CR LF; the value is kept on its line.
[[nodiscard]] std::string notification_line(const Notification& notification);

/// A line without its end; nothing if it is none, as the goodbye of a channel.
[[nodiscard]] std::optional<Notification> parse_notification(std::string_view line);

}  // namespace uncork::zino
