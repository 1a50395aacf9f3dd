#pragma once
// What the connections of one server share. Used on the loop's thread only.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <string>

#include "uncork/stream/coalescing_stream.hpp"
#include "zino/server/committer.hpp"
#include "zino/server/login_limiter.hpp"
#include "zino/server/notification_hub.hpp"
#include "zino/server/poll_command.hpp"
#include "zino/server/server_options.hpp"
#include "zino/server/service_log.hpp"
#include "zino/server/session.hpp"

namespace uncork::zino {

using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
using Stream = stream::coalescing_stream<Socket>;

[[nodiscard]] Timestamp utc_now();

/// A connection to either port, as the sweep sees it.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Looks for time limits that have run out; called about four times a second.
  virtual void sweep(core::Time now) = 0;
  virtual void close() = 0;
};

class Channel;

class ServerState : public SessionHost {
 public:
  ServerState(boost::asio::io_context& loop, const ServerOptions& server_options, ServiceLog& service_log, Keeper& keeper,
              State state, Routers routers);

  [[nodiscard]] const Store& store() const override { return store_; }
  [[nodiscard]] const Routers& routers() const override { return routers_; }
  [[nodiscard]] core::Result<Secrets> secrets() override;
  bool tie(std::string_view nonce, SessionId session) override { return hub.tie(nonce, session); }
  bool login_allowed(SessionId session) override;
  void login_failed(SessionId session) override;
  std::string poll(const Router& router, std::optional<std::int64_t> ifindex) override {
    return poller.start(router.name, ifindex);
  }

  void replace_routers(Routers routers) { routers_ = std::move(routers); }
  void publish(const std::vector<Notification>& notifications);
  void say_goodbye(ChannelId channel);

  const ServerOptions& options;
  ServiceLog& log;
  boost::asio::io_context::executor_type loop_executor;
  NotificationHub hub;
  PollCommand poller;
  LoginLimiter logins;
  std::map<SessionId, std::string> addresses;  // of the clients
  std::map<ChannelId, std::weak_ptr<Channel>> channels;
  std::map<Connection*, std::weak_ptr<Connection>> connections;

 private:
  Store store_;
  Routers routers_;

 public:
  Committer committer;
};

}  // namespace uncork::zino
