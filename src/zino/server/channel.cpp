#include "zino/server/channel.hpp"

#include <array>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>

namespace uncork::zino {

namespace asio = boost::asio;

namespace {

constexpr stream::coalescing_limits kLimits{.high_water = 1024 * 1024, .low_water = 512 * 1024};

}  // namespace

Channel::Channel(ServerState& server, Socket socket, core::Time now)
    : server_(server),
      output_(std::move(socket), server.options, kLimits),
      nonce_(make_challenge()),
      id_(server.hub.open(nonce_)),
      opened_(now) {}

asio::awaitable<void> Channel::run() {
  const auto self = shared_from_this();
  try {
    co_await output_.write(nonce_ + "\r\n");
    std::array<char, 512> ignored;
    for (;;) co_await output_.socket().async_read_some(asio::buffer(ignored), asio::use_awaitable);
  } catch (const boost::system::system_error&) {
    // The client has gone, or we have said goodbye.
  }
  server_.hub.close(id_);
  server_.channels.erase(id_);
  server_.connections.erase(this);
  output_.close();
}

void Channel::send(const std::string& lines) {
  if (!output_.write_now(lines)) close();
}

asio::awaitable<void> Channel::say_goodbye() {
  const auto self = shared_from_this();
  try {
    send(std::string(NotificationHub::kGoodbye));
    co_await output_.flush();
  } catch (const boost::system::system_error&) {
    // Gone before us.
  }
  close();
}

/// Clients tie a channel as soon as they have its nonce; until then nobody has logged in on it.
void Channel::sweep(core::Time now) {
  if (output_.stalled(now) || (!server_.hub.is_tied(id_) && now - opened_ > server_.options.login_timeout)) close();
}

}  // namespace uncork::zino
