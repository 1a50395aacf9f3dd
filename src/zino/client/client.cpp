#include "zino/client/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "zino/protocol/secrets.hpp"

namespace uncork::zino {
namespace {

core::Error refused(const Connection& connection, core::ErrorCode code, const std::string& what) {
  return {code, 0, fmt::format("{}: {}", connection.name(), what)};
}

/// The lines of `body` as they are sent, with the end.
std::string body_text(std::string_view body) {
  std::string text;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    std::string_view line = body.substr(0, end);
    while (line.ends_with('\r')) line.remove_suffix(1);
    text += line == "." ? ". " : line;
    text += "\r\n";
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return text + ".\r\n";
}

}  // namespace

core::Result<Client> Client::connect(const ConnectOptions& options) {
  auto connection = Connection::open(options.host, options.port, options.timeout);
  if (!connection) return core::fail(connection.error());
  Client client(std::move(*connection));
  if (auto logged_in = client.log_in(options); !logged_in) return core::fail(logged_in.error());
  return client;
}

core::Status Client::log_in(const ConnectOptions& options) {
  std::string nothing;
  const auto greeting = receive(nothing);
  if (!greeting) return core::fail(greeting.error());
  const std::string challenge = greeting->text.substr(0, greeting->text.find(' '));
  if (greeting->code != 200 || challenge.empty()) {
    return core::fail(refused(connection_, core::ErrorCode::refused,
                              fmt::format("greets with '{} {}', which no Zino server does", greeting->code, greeting->text)));
  }
  if (options.user.find_first_of(" \r\n") != std::string::npos) {
    return core::fail(core::invalid_argument(fmt::format("user '{}': a name has no white space", options.user)));
  }
  const auto reply = request(fmt::format("USER {} {}", options.user, expected_response(challenge, options.secret)));
  if (!reply) return core::fail(reply.error());
  if (reply->ok()) return {};
  return core::fail(
      refused(connection_, core::ErrorCode::not_permitted, fmt::format("login of {} refused: {}", options.user, reply->text)));
}

core::Result<Reply> Client::receive(std::string& unsent) {
  for (;;) {
    auto reply = parser_.next();
    if (!reply) return core::fail(refused(connection_, reply.error().code, reply.error().message));
    if (*reply) return std::move(**reply);
    std::string received;
    const auto count = connection_.exchange(unsent, received);
    if (!count) return core::fail(count.error());
    if (*count > 0) {
      chunks_.push_back(static_cast<unsigned>(*count));
      parser_.feed(received);
    } else if (parser_.empty()) {
      return core::fail(refused(connection_, core::ErrorCode::refused, "closed the connection"));
    } else {
      parser_.end_of_input();
    }
  }
}

core::Result<Reply> Client::request(std::string_view command) {
  if (command.find_first_of("\r\n") != std::string_view::npos) {
    return core::fail(core::invalid_argument("a command is one line"));
  }
  std::string unsent = fmt::format("{}\r\n", command);
  return receive(unsent);
}

core::Result<Reply> Client::request_with_body(std::string_view command, std::string_view body) {
  auto prompt = request(command);
  if (!prompt || !prompt->prompts()) return prompt;
  std::string unsent = body_text(body);
  return receive(unsent);
}

core::Status Client::pipeline(std::span<const std::string> commands, std::size_t depth, const OnReply& on_reply) {
  std::vector<core::Time> sent_at;
  sent_at.reserve(commands.size());
  std::string unsent;
  for (std::size_t answered = 0; answered < commands.size(); ++answered) {
    // What has come together is answered together, so that its places are filled by one send.
    if (parser_.empty() || answered == sent_at.size()) {
      while (sent_at.size() < std::min(commands.size(), answered + depth)) {
        unsent += commands[sent_at.size()] + "\r\n";
        sent_at.push_back(core::MonotonicClock::now());
      }
    }
    auto reply = receive(unsent);
    if (!reply) return core::fail(reply.error());
    if (!on_reply(answered, *reply, core::MonotonicClock::now() - sent_at[answered])) {
      return core::fail(core::Error{core::ErrorCode::system, 0, "stopped before the end"});
    }
  }
  return {};
}

}  // namespace uncork::zino
