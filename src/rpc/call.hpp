#pragma once
// One call of gRPC: its messages over an exchange of HTTP/2.

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "rpc/message_splitter.hpp"
#include "rpc/status.hpp"
#include "uncork/http2/exchange.hpp"

namespace uncork::rpc {

/// Lives within the handler of its exchange. Reads and writes wait for the peer; an exchange that it gives up ends them.
class Call {
 public:
  Call(http2::exchange& exchange, Encoding encoding) : exchange_(exchange), splitter_(encoding) {}

  /// The next message; nothing: there are no more. Errors: those of MessageSplitter, internal where the body ends within a
  /// message, cancelled.
  boost::asio::awaitable<std::expected<std::optional<std::string>, CallStatus>> read();
  /// The only message. Errors also: internal, none or several.
  boost::asio::awaitable<std::expected<std::string, CallStatus>> read_one();
  /// Sends the head now, and not before the first message.
  void begin();
  /// Sends a message.
  boost::asio::awaitable<bool> write(std::string_view message);
  /// Sends messages that have their prefixes. False: the peer takes nothing more.
  boost::asio::awaitable<bool> write_prefixed(const std::string& messages);
  /// How a call ends whose last message was taken, or was not: then there is nobody left to hear of it.
  [[nodiscard]] static CallStatus after_write(bool is_taken);
  /// Ends the call.
  void finish(const CallStatus& how);

  /// Whether the peer has given it up.
  [[nodiscard]] bool is_over() const { return static_cast<bool>(exchange_.error()); }
  [[nodiscard]] auto get_executor() const { return exchange_.get_executor(); }

 private:
  http2::exchange& exchange_;
  MessageSplitter splitter_;
};

}  // namespace uncork::rpc
