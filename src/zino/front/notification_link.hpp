#pragma once
// A client of the front's notification port, with its connection to the server.

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "zino/front/front_state.hpp"
#include "zino/front/link.hpp"

namespace uncork::zino {

/// Passes lines on whole (zinolib wants the nonce in one read), and tells every session of the front which cases they name,
/// first. What the client says is not passed on: servers do not listen to it.
class NotificationLink : public FrontClient, public std::enable_shared_from_this<NotificationLink> {
 public:
  NotificationLink(FrontState& front, LinkSocket client);

  /// Until one side has ended.
  boost::asio::awaitable<void> run();
  void close() override;

 private:
  boost::asio::awaitable<void> from_client();
  boost::asio::awaitable<void> from_server();
  void tell_sessions(std::string_view lines);

  FrontState& front_;
  std::shared_ptr<LinkEnd> client_;
  std::shared_ptr<LinkEnd> server_;  // once there is one
};

}  // namespace uncork::zino
