#include "zino/client/notification_channel.hpp"

#include <fmt/format.h>

#include "core/duration.hpp"
#include "zino/client/expected_reply.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

constexpr std::string_view kGoodbye = "Normal quit from client";  // Zino 2, when the session has ended

}  // namespace

core::Result<NotificationChannel> NotificationChannel::open(const ConnectOptions& options, Client& session) {
  auto connection = Connection::open(options.host, options.notify_port, options.timeout, options.stopped);
  if (!connection) return core::fail(connection.error());
  NotificationChannel channel(std::move(*connection));
  const core::Time until = core::MonotonicClock::now() + options.timeout;
  std::optional<std::string> nonce;
  while (!(nonce = channel.take_line())) {
    const auto received = channel.receive(until);
    if (!received) return core::fail(received.error());
    if (!*received) {
      return core::fail(channel.refused(channel.buffer_.empty()
                                            ? fmt::format("no nonce for {}", core::to_string(options.timeout))
                                            : fmt::format("after {} only {} of a nonce had come",
                                                          core::to_string(options.timeout), quoted_answer(channel.buffer_))));
    }
  }
  if (nonce->empty() || nonce->find_first_of(" \t") != std::string::npos) {
    return core::fail(channel.refused(fmt::format(
        "begins with {}, which is not a nonce; is it the notification port of a Zino server?", quoted_answer(*nonce))));
  }
  const auto tied = session.ask("NTIE " + *nonce);
  if (!tied) return core::fail(channel.refused("cannot be tied to the session: " + tied.error().message));
  return channel;
}

core::Result<std::optional<Notification>> NotificationChannel::next(core::Time until) {
  for (;;) {
    while (const auto line = take_line()) {
      if (line->starts_with(kGoodbye)) return core::fail(refused("the server has ended the session"));
      auto notification = parse_notification(*line);
      if (!notification) return core::fail(refused(fmt::format("says {}, which is not a notification", quoted_answer(*line))));
      return notification;
    }
    const auto received = receive(until);
    if (!received) return core::fail(received.error());
    if (!*received) return std::nullopt;
  }
}

/// False: it is `until`.
core::Result<bool> NotificationChannel::receive(core::Time until) {
  std::string nothing;
  const auto count = connection_.exchange(nothing, buffer_, until);
  if (!count) return core::fail(count.error());
  if (!*count) return false;
  if (**count == 0) return core::fail(refused("closed the connection"));
  if (buffer_.size() > kLongestLine && buffer_.find('\n') == std::string::npos) {
    return core::fail(refused(fmt::format("sends a line of more than {} bytes", kLongestLine)));
  }
  return true;
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
