#pragma once
// A session with a Zino server: one command after the other, or several at once.

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "zino/client/connection.hpp"
#include "zino/client/reply_parser.hpp"

namespace uncork::zino {

struct ConnectOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8001;
  std::uint16_t notify_port = 8002;
  std::string user;
  std::string secret;
  core::Micros timeout = std::chrono::seconds(30);  ///< of connecting, and of each answer as a whole
  Stopped stopped;                                  ///< ends every wait early; empty: nothing does
};

/// Logged in from the start. Blocking; move-only, not thread-safe. After an error of the connection it is of no use any more.
/// Answers have no numbers: that each is the one to its question is known only by its code and its ids, by nothing having come
/// unasked, and in the end by quit().
class Client {
 public:
  /// Reads the greeting and logs in. Errors: no connection, no Zino server, a login that is refused (not_permitted).
  [[nodiscard]] static core::Result<Client> connect(const ConnectOptions& options);

  /// One command, without line end. Whatever is answered is a reply. Error: also if the server has said something unasked.
  [[nodiscard]] core::Result<Reply> request(std::string_view command);
  /// One command; a reply that is not what it asks for (check_reply) is an error.
  [[nodiscard]] core::Result<Reply> ask(std::string_view command);
  /// ADDHIST or PM ADDLOG: waits for the prompt, then sends `body` with its `.`. A line of it that is a `.` is sent as `. `,
  /// which the server takes for text. Error: no prompt, and then no body is sent; or a body that is not taken.
  [[nodiscard]] core::Status ask(std::string_view command, std::string_view body);

  /// Called with the number of the command, its reply, and the time from its sending to the end of the reply. An error ends it.
  using OnReply = std::function<core::Status(std::size_t, const Reply&, core::Micros)>;
  /// Sends all `commands`, never more than `depth` (from 1) ahead of their replies; what may be sent at a time is one send.
  [[nodiscard]] core::Status pipeline(std::span<const std::string> commands, std::size_t depth, const OnReply& on_reply);

  /// The last call: QUIT, which alone is answered 205. So that answer proves that every other one was to its own question, and
  /// that nothing came between them.
  [[nodiscard]] core::Status quit();

  /// Bytes of each read so far: what came in one piece.
  [[nodiscard]] const std::vector<unsigned>& chunks() const { return chunks_; }

 private:
  explicit Client(Connection connection) : connection_(std::move(connection)) {}
  core::Status log_in(const ConnectOptions& options);
  [[nodiscard]] core::Status in_step();
  core::Result<Reply> receive(std::string& unsent, core::Time until);
  [[nodiscard]] core::Time deadline() const { return core::MonotonicClock::now() + connection_.patience(); }
  [[nodiscard]] core::Error late() const;

  Connection connection_;
  ReplyParser parser_;
  std::vector<unsigned> chunks_;
};

}  // namespace uncork::zino
