#pragma once
// A connection on which HTTP/1.1 is spoken, until it becomes a WebSocket.

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "web/page/live_session.hpp"
#include "web/page/site.hpp"
#include "web/page/stream.hpp"

namespace uncork::web {

/// Answers one request after the other. Lives as long as something is under way, and no wait is longer than kIdle.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  static constexpr auto kIdle = std::chrono::seconds(30);
  static constexpr std::uint32_t kLongestHead = 8192;

  using OnLive = std::function<void(const std::shared_ptr<LiveSession>&)>;
  /// `on_live`: told of each browser that looks on.
  HttpConnection(PageStream stream, Site& site, std::shared_ptr<void> count, OnLive on_live);
  void read();

 private:
  void answer();
  void answer_last();
  void become_live();
  void write(PageAnswer answer, bool stays);
  void end();

  PageStream stream_;
  Site& site_;
  std::shared_ptr<void> count_;
  OnLive on_live_;
  boost::beast::flat_buffer received_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  boost::beast::http::response<boost::beast::http::empty_body> head_response_;
};

}  // namespace uncork::web
