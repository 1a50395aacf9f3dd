#include "zino/client/notification_channel.hpp"

#include <fmt/format.h>

#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

constexpr std::string_view kGoodbye = "Normal quit from client";  // Zino 2, when the session has ended

}  // namespace

core::Result<NotificationChannel> NotificationChannel::open(const ConnectOptions& options, Client& session) {
  auto connection = Connection::open(options.host, options.notify_port, options.timeout);
  if (!connection) return core::fail(connection.error());
  NotificationChannel channel(std::move(*connection));
  std::optional<std::string> nonce;
  while (!(nonce = channel.take_line())) {
    if (const auto received = channel.receive(); !received) return core::fail(received.error());
  }
  if (nonce->empty() || nonce->find_first_of(" \t") != std::string::npos) {
    return core::fail(channel.refused("begins with no nonce; is it the notification port of a Zino server?"));
  }
  const auto tied = session.request("NTIE " + *nonce);
  if (!tied) return core::fail(tied.error());
  if (!tied->ok()) return core::fail(channel.refused("cannot be tied to the session: " + tied->text));
  return channel;
}

core::Result<std::optional<Notification>> NotificationChannel::next(core::Time until) {
  for (;;) {
    while (const auto line = take_line()) {
      if (line->starts_with(kGoodbye)) return core::fail(refused("the server has ended the session"));
      if (auto notification = parse_notification(*line)) return notification;
    }
    const auto ready = connection_.readable(until);
    if (!ready) return core::fail(ready.error());
    if (!*ready) return std::nullopt;
    if (const auto received = receive(); !received) return core::fail(received.error());
  }
}

core::Status NotificationChannel::receive() {
  std::string nothing;
  const auto count = connection_.exchange(nothing, buffer_);
  if (!count) return core::fail(count.error());
  if (*count == 0) return core::fail(refused("closed the connection"));
  if (buffer_.size() > kLongestLine && buffer_.find('\n') == std::string::npos) {
    return core::fail(refused(fmt::format("sends a line of more than {} bytes", kLongestLine)));
  }
  return {};
}

std::optional<std::string> NotificationChannel::take_line() {
  const std::size_t end = buffer_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string_view line(buffer_.data(), end);
  while (line.ends_with('\r')) line.remove_suffix(1);
  std::string text = decode_line(line);
  buffer_.erase(0, end + 1);
  return text;
}

core::Error NotificationChannel::refused(const std::string& what) const {
  return {core::ErrorCode::refused, 0, fmt::format("{}: {}", connection_.name(), what)};
}

}  // namespace uncork::zino
