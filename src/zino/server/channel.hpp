#pragma once
// One connection to the notification port.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "zino/server/output.hpp"
#include "zino/server/server_state.hpp"

namespace uncork::zino {

/// Gives its nonce, then only notifications; what the client sends is ignored. A client that leaves more than 1 MiB unread is
/// cut.
class Channel : public Connection, public std::enable_shared_from_this<Channel> {
 public:
  Channel(ServerState& server, Socket socket, core::Time now);

  boost::asio::awaitable<void> run();
  void send(const std::string& lines);
  /// Sends the last line and closes once it has gone.
  boost::asio::awaitable<void> say_goodbye();
  void sweep(core::Time now) override;
  void close() override { output_.close(); }
  [[nodiscard]] ChannelId id() const { return id_; }

 private:
  ServerState& server_;
  Output output_;
  std::string nonce_;
  ChannelId id_;
  core::Time opened_;
};

}  // namespace uncork::zino
