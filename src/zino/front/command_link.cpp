#include "zino/front/command_link.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace uncork::zino {

namespace asio = boost::asio;

CommandLink::CommandLink(FrontState& front, LinkSocket client)
    : front_(front),
      session_(front.options.ahead),
      client_(std::make_shared<LinkEnd>(std::move(client), front.scratch)),
      answered_(front.loop, std::chrono::steady_clock::time_point::max()) {}

asio::awaitable<void> CommandLink::run() {
  const auto self = shared_from_this();
  try {
    LinkSocket socket = co_await connect_to_server(front_.loop, front_.options, front_.options.port);
    server_ = std::make_shared<LinkEnd>(std::move(socket), front_.scratch);
    asio::co_spawn(front_.loop, from_client(), asio::detached);
    co_await from_server();
  } catch (const boost::system::system_error& error) {
    if (!server_) {
      front_.log.say("connect", "connect to the server: " + error.code().message() + "; the client's connection was closed");
    }
  }
  // What the server said last is still the client's.
  co_await client_->wait_for_empty();
  close();
  front_.summary.passed_through += session_.passed_through();
  front_.summary.ahead += session_.counts();
  front_.clients.erase(this);
}

void CommandLink::pass_on() {
  client_->send(session_.take_for_client());
  server_->send(session_.take_for_server());
}

asio::awaitable<void> CommandLink::from_client() {
  const auto self = shared_from_this();
  try {
    bool ended = false;
    while (!ended) {
      const std::string_view bytes = co_await client_->read();
      ended = bytes.empty();
      if (ended) session_.client_ended();
      session_.from_client(bytes, core::MonotonicClock::now());
      pass_on();
      if (session_.finished()) break;
      co_await server_->wait_for_room();
      co_await client_->wait_for_room();
      boost::system::error_code cancelled;
      while (!session_.wants_client() && server_->socket().is_open()) {
        co_await answered_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
      }
    }
    if (!session_.finished()) co_return;  // answers are still to come; from_server() ends it
    co_await server_->wait_for_empty();
    co_await client_->wait_for_empty();
  } catch (const boost::system::system_error&) {
    // The client has gone, or the server.
  }
  server_->close();
}

asio::awaitable<void> CommandLink::from_server() {
  for (;;) {
    const std::string_view bytes = co_await server_->read();
    if (bytes.empty()) co_return;
    session_.from_server(bytes, core::MonotonicClock::now());
    pass_on();
    answered_.cancel();
    if (session_.finished()) co_return;
    co_await client_->wait_for_room();
  }
}

void CommandLink::close() {
  client_->close();
  if (server_) server_->close();
  answered_.cancel();
}

}  // namespace uncork::zino
