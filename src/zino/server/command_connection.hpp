#pragma once
// One connection to the command port.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "zino/server/output.hpp"
#include "zino/server/server_state.hpp"

namespace uncork::zino {

/// A session on a socket. Held by its coroutine, run(); ends with the client, with its own time limits, or by close().
class CommandConnection : public Connection, public std::enable_shared_from_this<CommandConnection> {
 public:
  CommandConnection(ServerState& server, Socket socket, SessionId id, core::Time now);

  boost::asio::awaitable<void> run();
  void sweep(core::Time now) override;
  void close() override;

 private:
  boost::asio::awaitable<void> converse();
  boost::asio::awaitable<void> commit(Change change);
  boost::asio::awaitable<void> leave();
  void end_session();

  ServerState& server_;
  SessionId id_;
  Output output_;
  Session session_;
  boost::asio::steady_timer committed_;
  std::optional<std::string> commit_reply_;
  core::Time opened_;
  core::Time heard_;
  std::optional<core::Time> leaving_;
};

}  // namespace uncork::zino
