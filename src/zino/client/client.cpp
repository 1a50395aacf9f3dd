#include "zino/client/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/duration.hpp"
#include "zino/client/expected_reply.hpp"
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
  if (options.user.find_first_of(" \r\n") != std::string::npos) {
    return core::fail(core::invalid_argument(fmt::format("user '{}': a name cannot contain white space", options.user)));
  }
  auto connection = Connection::open(options.host, options.port, options.timeout, options.stopped);
  if (!connection) return core::fail(connection.error());
  Client client(std::move(*connection));
  if (auto logged_in = client.log_in(options); !logged_in) return core::fail(logged_in.error());
  return client;
}

core::Status Client::log_in(const ConnectOptions& options) {
  std::string nothing;
  const auto greeting = receive(nothing, deadline());
  if (!greeting) return core::fail(greeting.error());
  const std::string challenge = greeting->text.substr(0, greeting->text.find(' '));
  if (greeting->code != 200 || challenge.empty() || !greeting->lines.empty()) {
    const std::string said = quoted_answer(fmt::format("{} {}", greeting->code, greeting->text));
    return core::fail(
        refused(connection_, core::ErrorCode::refused, fmt::format("greets with {}, which no Zino server does", said)));
  }
  const std::string command = fmt::format("USER {} {}", options.user, expected_response(challenge, options.secret));
  const auto reply = request(command);
  if (!reply) return core::fail(reply.error());
  if (reply->code == 500) {
    return core::fail(
        refused(connection_, core::ErrorCode::not_permitted, fmt::format("login of {} refused: {}", options.user, reply->text)));
  }
  auto checked = check_reply(command, *reply);
  if (!checked) checked.error() = refused(connection_, checked.error().code, checked.error().message);
  return checked;
}

/// When time is up.
core::Error Client::late() const {
  const std::string time = core::to_string(connection_.patience());
  const std::string what = parser_.empty() ? fmt::format("no answer for {}", time)
                                           : fmt::format("after {} only {} had come", time, parser_.unfinished());
  return {core::ErrorCode::system, ETIMEDOUT, fmt::format("{}: {}", connection_.name(), what)};
}

core::Result<Reply> Client::receive(std::string& unsent, core::Time until) {
  for (;;) {
    auto reply = parser_.next();
    if (!reply) return core::fail(refused(connection_, reply.error().code, reply.error().message));
    if (*reply) return std::move(**reply);
    std::string received;
    const auto count = connection_.exchange(unsent, received, until);
    if (!count) return core::fail(count.error());
    if (!*count) return core::fail(late());
    if (**count > 0) {
      chunks_.push_back(static_cast<unsigned>(**count));
      parser_.feed(received);
    } else if (parser_.empty()) {
      return core::fail(refused(connection_, core::ErrorCode::refused, "closed the connection"));
    } else {
      parser_.end_of_input();
    }
  }
}

/// Nothing has come that was not asked for: whatever had would be taken for the answer to the next command.
core::Status Client::in_step() {
  if (parser_.empty()) {
    const auto ready = connection_.readable(core::Time{});
    if (!ready) return core::fail(ready.error());
    if (!*ready) return {};
    std::string nothing;
    std::string received;
    const auto count = connection_.exchange(nothing, received, core::Time{});
    if (!count) return core::fail(count.error());
    if (*count == 0U) return core::fail(refused(connection_, core::ErrorCode::refused, "closed the connection"));
    parser_.feed(received);
  }
  if (parser_.empty()) return {};
  return core::fail(
      refused(connection_, core::ErrorCode::refused, fmt::format("says what nobody asked for: {}", parser_.unfinished())));
}

core::Result<Reply> Client::request(std::string_view command) {
  if (command.find_first_of("\r\n") != std::string_view::npos) {
    return core::fail(core::invalid_argument("a command is one line"));
  }
  if (auto good = in_step(); !good) return core::fail(good.error());
  std::string unsent = fmt::format("{}\r\n", command);
  return receive(unsent, deadline());
}

core::Result<Reply> Client::ask(std::string_view command) {
  auto reply = request(command);
  if (!reply) return reply;
  if (const auto good = check_reply(command, *reply); !good) return core::fail(good.error());
  return reply;
}

core::Status Client::ask(std::string_view command, std::string_view body) {
  if (const auto prompt = ask(command); !prompt) return core::fail(prompt.error());
  if (auto good = in_step(); !good) return good;
  std::string unsent = body_text(body);
  const auto reply = receive(unsent, deadline());
  if (!reply) return core::fail(reply.error());
  return check_body_reply(command, *reply);
}

core::Status Client::pipeline(std::span<const std::string> commands, std::size_t depth, const OnReply& on_reply) {
  if (auto good = in_step(); !good) return good;
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
    auto reply = receive(unsent, deadline());
    if (!reply) return core::fail(reply.error());
    if (auto good = on_reply(answered, *reply, core::MonotonicClock::now() - sent_at[answered]); !good) return good;
  }
  return {};
}

core::Status Client::quit() {
  const auto reply = request("QUIT");
  if (!reply) return core::fail(reply.error());
  if (const auto good = check_reply("QUIT", *reply); good) return {};
  return core::fail(refused(connection_, core::ErrorCode::refused,
                            fmt::format("its answers are out of step with what was asked: QUIT was answered {}",
                                        quoted_answer(fmt::format("{} {}", reply->code, reply->text)))));
}

}  // namespace uncork::zino
