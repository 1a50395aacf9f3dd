#include "zino/front/notification_link.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "zino/protocol/notification.hpp"

namespace uncork::zino {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kLongestLine = 64 * 1024;

}  // namespace

NotificationLink::NotificationLink(FrontState& front, LinkSocket client)
    : front_(front), client_(std::make_shared<LinkEnd>(std::move(client), front.scratch)) {}

asio::awaitable<void> NotificationLink::run() {
  const auto self = shared_from_this();
  try {
    LinkSocket socket = co_await connect_to_server(front_.loop, front_.options, front_.options.notify_port);
    server_ = std::make_shared<LinkEnd>(std::move(socket), front_.scratch);
    asio::co_spawn(front_.loop, from_client(), asio::detached);
    co_await from_server();
  } catch (const boost::system::system_error& error) {
    if (!server_) {
      front_.log.say("connect for notifications",
                     "connect to the server's notifications: " + error.code().message() + "; the client's connection was closed");
    }
  }
  co_await client_->wait_for_empty();
  close();
  front_.clients.erase(this);
}

asio::awaitable<void> NotificationLink::from_client() {
  const auto self = shared_from_this();
  try {
    for (;;) {
      const std::string_view ignored = co_await client_->read();
      if (ignored.empty()) break;
    }
  } catch (const boost::system::system_error&) {
    // It has gone.
  }
  server_->close();
}

asio::awaitable<void> NotificationLink::from_server() {
  std::string lines;
  for (;;) {
    const std::string_view bytes = co_await server_->read();
    if (bytes.empty()) break;
    lines += bytes;
    const std::size_t end = lines.size() < kLongestLine ? lines.rfind('\n') + 1 : lines.size();
    if (end == 0) continue;
    const std::string whole = lines.substr(0, end);
    lines = lines.substr(end);  // and not a buffer as large as the largest piece
    tell_sessions(whole);
    client_->send(whole);
    co_await client_->wait_for_room();
  }
  client_->send(lines);
}

void NotificationLink::tell_sessions(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    while (line.ends_with('\r')) line.remove_suffix(1);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const auto notification = parse_notification(line);
    if (!notification) continue;
    front_.for_each([&](FrontClient& client) { client.case_changed(notification->id); });
  }
}

void NotificationLink::close() {
  client_->close();
  if (server_) server_->close();
}

}  // namespace uncork::zino
