#include "zino/server/command_connection.hpp"

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <utility>

namespace uncork::zino {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadAtOnce = 8 * 1024;
/// A client that is still sending is read from for so long after the last reply, since a reset would take that reply from it.
constexpr core::Micros kLinger = std::chrono::seconds(2);

}  // namespace

CommandConnection::CommandConnection(ServerState& server, Socket socket, SessionId id, core::Time now)
    : server_(server),
      id_(id),
      output_(std::move(socket), server.options),
      session_(server, id, make_challenge()),
      committed_(output_.socket().get_executor()),
      opened_(now),
      heard_(now) {}

asio::awaitable<void> CommandConnection::run() {
  const auto self = shared_from_this();
  try {
    co_await converse();
  } catch (const boost::system::system_error&) {
    // The client has gone, or was cut. A change of its own that is under way still comes to its end.
  }
  end_session();
  server_.addresses.erase(id_);
  server_.connections.erase(this);
  output_.close();
}

asio::awaitable<void> CommandConnection::converse() {
  co_await output_.write(session_.greeting());
  for (;;) {
    const std::uint64_t lines = session_.lines();
    Session::Step step = session_.next(utc_now());
    if (session_.lines() > lines) heard_ = core::MonotonicClock::now();  // a part of a line is not enough
    if (auto* reply = std::get_if<Session::Reply>(&step)) {
      co_await output_.write(std::move(reply->bytes));
    } else if (auto* proposed = std::get_if<Session::Commit>(&step)) {
      co_await commit(std::move(proposed->change));
    } else if (std::holds_alternative<Session::End>(step)) {
      co_await leave();
      co_return;
    } else {
      std::array<char, kReadAtOnce> chunk;
      boost::system::error_code error;
      const std::size_t count =
          co_await output_.socket().async_read_some(asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::eof) {
        session_.end_of_input();
      } else if (error) {
        throw boost::system::system_error(error);
      }
      session_.feed({chunk.data(), count});
    }
  }
}

asio::awaitable<void> CommandConnection::commit(Change change) {
  committed_.expires_at(std::chrono::steady_clock::time_point::max());
  const Committer::Done done = [self = shared_from_this()](const std::string& reply) {
    self->commit_reply_ = reply;
    self->committed_.cancel();
  };
  server_.committer.submit(std::move(change), done);
  boost::system::error_code cancelled;
  while (!commit_reply_) co_await committed_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  session_.finish(*std::exchange(commit_reply_, std::nullopt));
}

/// Once or more: only the first says goodbye on the channel.
void CommandConnection::end_session() {
  if (const auto channel = server_.hub.end_session(id_)) server_.say_goodbye(*channel);
}

asio::awaitable<void> CommandConnection::leave() {
  co_await output_.flush();
  end_session();
  leaving_ = core::MonotonicClock::now();
  output_.socket().shutdown(Socket::shutdown_send);
  std::array<char, kReadAtOnce> ignored;
  for (;;) co_await output_.socket().async_read_some(asio::buffer(ignored), asio::use_awaitable);
}

void CommandConnection::sweep(core::Time now) {
  const ServerOptions& options = server_.options;
  const bool too_long_unknown = !session_.authenticated() && now - opened_ > options.login_timeout;
  const bool idle = options.idle_timeout > core::Micros(0) && now - heard_ > options.idle_timeout;
  if (too_long_unknown || idle || output_.stalled(now) || (leaving_ && now - *leaving_ > kLinger)) close();
}

void CommandConnection::close() { output_.close(); }

}  // namespace uncork::zino
