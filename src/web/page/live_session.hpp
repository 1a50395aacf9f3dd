#pragma once
// A browser that looks on: its WebSocket.

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <functional>
#include <memory>
#include <string>

#include "web/page/site.hpp"
#include "web/page/stream.hpp"

namespace uncork::web {

using HttpRequest = boost::beast::http::request<boost::beast::http::empty_body>;

/// Sends what is given to it, and takes in what the browser wants to see. One message is under way and one waits, which a newer
/// one replaces: a browser that is slow gets the newest, and holds up nobody. Lives as long as something is under way.
class LiveSession : public std::enable_shared_from_this<LiveSession> {
 public:
  /// `count`: kept until this ends, for who counts the connections.
  LiveSession(PageStream stream, Site& site, std::shared_ptr<void> count);
  LiveSession(const LiveSession&) = delete;
  LiveSession& operator=(const LiveSession&) = delete;
  ~LiveSession();

  /// Answers `request`, which asks for it, and calls `on_open` once it is open.
  void open(HttpRequest request, std::function<void()> on_open);
  void send(std::shared_ptr<const std::string> message);
  [[nodiscard]] const View& view() const { return view_; }
  /// Sends what the view shows now.
  void refresh();

 private:
  void read();
  void take_wish(std::string_view text);
  void write();
  void rest();

  boost::beast::websocket::stream<PageStream, false> socket_;
  Site& site_;
  std::shared_ptr<void> count_;
  HttpRequest request_;
  boost::beast::flat_buffer received_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      rest_;
  View view_;
  std::shared_ptr<const std::string> under_way_;
  std::shared_ptr<const std::string> pending_;
  bool is_open_ = false;
};

}  // namespace uncork::web
