#pragma once
// The two connections of one client: its own and that to the server.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zino/front/front_options.hpp"

namespace uncork::zino {

using LinkSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// One of the two, with what is waiting to be sent to it. At most one send is under way; what gathers meanwhile is the next.
/// Loop's thread only. Owned by shared pointer, so that a send that is under way has something to end in. Whoever is silent costs
/// no buffer: one for reading is shared by all, and those for sending go when they are sent.
class LinkEnd : public std::enable_shared_from_this<LinkEnd> {
 public:
  /// `scratch` is what all ends of the loop read into.
  LinkEnd(LinkSocket socket, std::vector<char>& scratch);

  void send(const std::string& bytes);
  /// Until less than a limit waits. Throws as Asio does when the connection has ended.
  boost::asio::awaitable<void> wait_for_room();
  /// Until nothing waits, or the connection has ended.
  boost::asio::awaitable<void> wait_for_empty();
  /// What comes next; empty: the end. Good until the next wait of any kind, since it is in what all read into.
  boost::asio::awaitable<std::string_view> read();
  void close();

  [[nodiscard]] LinkSocket& socket() { return socket_; }

 private:
  void write();

  LinkSocket socket_;
  std::vector<char>& scratch_;
  boost::asio::steady_timer changed_;  // never expires: cancelled at each change
  std::string waiting_;
  std::string writing_;
  boost::system::error_code failed_;
};

/// A connection to the server; TCP_NODELAY and keep-alive set. Throws as Asio does, also when `options.connect_timeout` has
/// passed.
boost::asio::awaitable<LinkSocket> connect_to_server(boost::asio::io_context& loop, const FrontOptions& options,
                                                     std::uint16_t port);

}  // namespace uncork::zino
