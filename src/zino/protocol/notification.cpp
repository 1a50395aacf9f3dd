#include "zino/protocol/notification.hpp"

#include <fmt/format.h>

#include "zino/protocol/text.hpp"

namespace uncork::zino {

std::string notification_line(const Notification& notification) {
  return fmt::format("{} {} {}\r\n", notification.id, notification.type, one_line(notification.value));
}

std::optional<Notification> parse_notification(std::string_view line) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return std::nullopt;
  const auto digits = line.substr(0, first);
  const auto id = digits.find_first_not_of("0123456789") == std::string_view::npos ? to_int64(digits) : std::nullopt;
  const std::string_view rest = line.substr(first + 1);
  const std::size_t second = std::min(rest.find(' '), rest.size());
  if (!id || second == 0) return std::nullopt;
  return Notification{*id, std::string(rest.substr(0, second)), std::string(rest.substr(std::min(second + 1, rest.size())))};
}

}  // namespace uncork::zino
