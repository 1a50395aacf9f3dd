#pragma once
// A client of HTTP/2 on Asio: requests of one origin share connections, and what a turn of the loop asks leaves in one send.

#include <algorithm>
#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "uncork/http2/client_options.hpp"
#include "uncork/http2/connection_times.hpp"
#include "uncork/http2/detail/client_connection.hpp"
#include "uncork/http2/detail/connection_set.hpp"
#include "uncork/http2/detail/dial.hpp"
#include "uncork/http2/detail/message_stream.hpp"
#include "uncork/http2/tls.hpp"
#include "uncork/http2/url.hpp"

namespace uncork::http2 {

/// A request that has been sent, or has begun to be, and its response. The request's body is written, and the response's read,
/// bit by bit: it models Asio's AsyncWriteStream and AsyncReadStream (asio's eof ends the body). Who lets go of a call whose
/// response has not come as a whole cancels it. When the server resets the stream, or the connection ends, what waits completes
/// with the reason. Threads: that of get_executor(). Movable.
class call : public detail::message_stream {
 public:
  explicit call(std::shared_ptr<detail::call_state> of) noexcept : message_stream(std::move(of)) {}

  /// Completes when the head of the response has come, interim ones aside. Signature: void(error_code).
  template <typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_wait_response(Token&& token = Token()) {
    stream::detail::check_token<Token, void(error_code)>();
    return boost::asio::async_initiate<Token, void(error_code)>(initiate_heading(mine()), token);
  }
  /// The response's fields, :status among them; empty until they have come.
  [[nodiscard]] const fields& response() const noexcept { return shared()->request(); }
  [[nodiscard]] unsigned status() const noexcept { return shared()->facts().status; }
  /// The whole of the body, as there is room for it, while the response may come already. Once, instead of writing.
  void send_body(std::string body) { shared()->send_rest(std::make_unique<detail::text_source>(std::move(body))); }
  [[nodiscard]] bool has_response() const noexcept { return mine()->has_response(); }
  /// Of the connection, which other calls may share.
  [[nodiscard]] boost::asio::ip::tcp::endpoint local_endpoint() const { return mine()->connection().local_endpoint(); }
  [[nodiscard]] connection_times connection() const { return mine()->connection().times(); }

 private:
  struct initiate_heading : stream::detail::initiation<detail::call_state> {
    explicit initiate_heading(std::shared_ptr<detail::call_state> of)
        : stream::detail::initiation<detail::call_state>(std::move(of)) {}
    template <typename Handler>
    void operator()(Handler&& then) const {
      const std::uint64_t number = this->number(then);
      auto op = this->template make_waiting<detail::call_state::heading, error_code>(std::forward<Handler>(then));
      op->number = number;
      this->state().start(std::move(op));
    }
  };
  [[nodiscard]] std::shared_ptr<detail::call_state> mine() const {
    return std::static_pointer_cast<detail::call_state>(shared());
  }
};

/// A response as a whole.
struct response {
  unsigned status = 0;
  fields head;
  std::string body;
  fields trailers;
};

namespace detail {

/// The connections of a client, and the requests that wait for one. Shared with them.
class client_pool : public std::enable_shared_from_this<client_pool> {
 public:
  using error_code = boost::system::error_code;
  using executor_type = boost::asio::any_io_executor;

  class opening : public stream::detail::waiting<error_code, std::shared_ptr<call_state>> {
   public:
    opening(origin where, fields what, bool whole) : to(std::move(where)), request(std::move(what)), ends(whole) {}
    origin to;
    fields request;
    bool ends;
    std::uint64_t number = 0;
  };

  client_pool(boost::asio::any_io_executor executor, client_options options)
      : options_(std::move(options)), set_(std::make_shared<connection_set>(std::move(executor))) {}

  [[nodiscard]] executor_type get_executor() const noexcept { return set_->executor(); }
  [[nodiscard]] const client_options& options() const noexcept { return options_; }
  [[nodiscard]] std::uint64_t next_number() noexcept { return ++last_number_; }

  void open(stream::detail::waiting_ptr<opening> op) {
    if (is_ended_) return op.complete(boost::asio::error::operation_aborted, nullptr);
    if (op->to.tls && options_.tls == nullptr) return op.complete(boost::asio::error::no_protocol_option, nullptr);
    const origin to = op->to;
    pools_[to].waiting.push_back(std::move(op));
    serve(to);
  }
  void cancel_waiting(std::uint64_t number) {
    for (auto& [to, shared] : pools_) {
      const auto one = std::ranges::find_if(shared.waiting, [number](const auto& op) { return op->number == number; });
      if (one == shared.waiting.end()) continue;
      auto op = std::move(*one);
      shared.waiting.erase(one);
      return op.complete(boost::asio::error::operation_aborted, nullptr);
    }
  }
  /// No new requests; what is under way is finished.
  void shut_down() {
    end_waiting();
    set_->shut_down();
  }
  /// Ends at once.
  void abort() {
    end_waiting();
    set_->abort();
  }
  [[nodiscard]] std::size_t connections() const noexcept { return set_->size(); }

 private:
  struct pool {
    std::vector<std::shared_ptr<client_connection>> connections;
    std::deque<stream::detail::waiting_ptr<opening>> waiting;
    std::size_t dialling = 0;
    std::size_t allowed = 100;  // streams, as its server has said last: a new connection knows before it says it again
    bool is_serving = false;
  };

  void end_waiting() {
    is_ended_ = true;
    for (auto& [to, one] : pools_) {
      for (auto& op : std::exchange(one.waiting, {})) op.complete(boost::asio::error::operation_aborted, nullptr);
    }
  }
  void serve(const origin& to) {
    pool& one = pools_[to];
    if (std::exchange(one.is_serving, true)) return;
    std::erase_if(one.connections, [](const auto& connection) { return connection->is_spent(); });
    for (const auto& connection : one.connections)
      one.allowed = std::max<std::size_t>(connection->allowed().value_or(one.allowed), 1);
    while (!one.waiting.empty()) {
      const auto free = std::ranges::find_if(one.connections, [](const auto& connection) { return connection->openable() != 0; });
      if (free == one.connections.end()) break;
      auto op = std::move(one.waiting.front());
      one.waiting.pop_front();
      auto call = (*free)->open(op->request, op->ends);
      op.complete(error_code(), std::move(call));
    }
    one.is_serving = false;
    // As many as the waiting ones need, a hundred streams each.
    const std::size_t wanted = (one.waiting.size() + 99) / 100;
    while (!is_ended_ && one.dialling < wanted &&
           one.dialling + one.connections.size() < std::max<std::size_t>(options_.connections, 1)) {
      dial_to(to, one);
    }
    if (one.waiting.empty() && one.connections.empty() && one.dialling == 0 && !is_ended_) pools_.erase(to);
  }
  void dial_to(const origin& to, pool& one) {
    ++one.dialling;
    const auto attempt = std::make_shared<std::weak_ptr<dial>>();
    const auto made = std::make_shared<dial>(
        to, options_, set_, [weak = weak_from_this(), to, attempt](error_code error, std::optional<transport> bytes) {
          const auto alive = weak.lock();
          if (!alive) return;
          const auto kept = attempt->lock();  // its own caller
          alive->on_dialled(to, error, std::move(bytes), *kept);
        });
    *attempt = made;
    made->start();
  }
  void on_dialled(const origin& to, error_code error, std::optional<transport> bytes, const dial& by) {
    pool& one = pools_[to];
    --one.dialling;
    if (error) {
      if (!one.connections.empty() || one.dialling != 0) return;
      for (auto& op : std::exchange(one.waiting, {})) op.complete(error, nullptr);
      return;
    }
    const auto changed = [weak = weak_from_this(), to] {
      if (const auto alive = weak.lock()) alive->serve(to);
    };
    const auto connection = std::make_shared<client_connection>(std::move(*bytes), options_, set_, by.times(), changed);
    connection->expect(one.allowed);
    one.connections.push_back(connection);
    connection->start(by.early());
    serve(to);
  }

  client_options options_;
  std::shared_ptr<connection_set> set_;
  std::map<origin, pool> pools_;
  std::uint64_t last_number_ = 0;
  bool is_ended_ = false;
};

}  // namespace detail

/// Makes and shares connections as they are needed. One thread at a time, that of its executor; what it gives out belongs there
/// too. Destroyed, it ends what is under way.
class client {
  using error_code = boost::system::error_code;

 public:
  using executor_type = boost::asio::any_io_executor;

  explicit client(executor_type executor, client_options options = {})
      : pool_(std::make_shared<detail::client_pool>(std::move(executor), std::move(options))) {}
  client(client&&) noexcept = default;
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  client& operator=(client&&) = delete;
  ~client() {
    if (pool_) pool_->abort();
  }

  [[nodiscard]] executor_type get_executor() const noexcept { return pool_->get_executor(); }

  /// Sends the head of a request, which has its pseudo-fields (RFC 9113 8.3.1), as soon as a connection takes it; with `ends`
  /// there is no body. Throws boost::system::system_error.
  boost::asio::awaitable<call> open(origin to, fields request, bool ends) {
    return open_on(pool_, std::move(to), std::move(request), ends);
  }

  /// Asks and gives the response as a whole, of at most `most_bytes`. What the server has refused or not processed at all is
  /// asked again (RFC 9113 8.7). `more` are fields beside the pseudo-fields. Throws boost::system::system_error.
  boost::asio::awaitable<response> fetch(std::string address, std::string method = "GET", std::string body = {}, fields more = {},
                                         std::size_t most_bytes = std::size_t{64} * 1024 * 1024) {
    const auto where = parse_url(address);
    if (!where) throw boost::system::system_error(boost::asio::error::invalid_argument);
    fields request;
    request.append(known_field::method, ":method", method);
    request.append(known_field::scheme, ":scheme", where->origin.tls ? "https" : "http");
    request.append(known_field::authority, ":authority", where->authority);
    request.append(known_field::path, ":path", where->path);
    for (const field one : more) request.append(one.token, one.name, one.value, one.sensitive);
    if (!body.empty() && !more.has(known_field::content_length)) request.add("content-length", std::to_string(body.size()));
    const auto pool = pool_;  // the client may go while this waits
    for (unsigned attempt = 0;; ++attempt) {
      call one = co_await open_on(pool, where->origin, request, body.empty());
      error_code error;
      response whole = co_await exchange_with(one, body, most_bytes, error);
      if (!error) co_return whole;
      const bool is_unprocessed = error == make_error_code(errc::refused_stream);
      if (!is_unprocessed || attempt >= pool->options().retries) throw boost::system::system_error(error);
    }
  }

  /// No new requests; what is under way is finished, then the connections end.
  void shut_down() { pool_->shut_down(); }
  [[nodiscard]] std::size_t connections() const noexcept { return pool_->connections(); }

 private:
  struct initiate_open : stream::detail::initiation<detail::client_pool> {
    explicit initiate_open(std::shared_ptr<detail::client_pool> of)
        : stream::detail::initiation<detail::client_pool>(std::move(of)) {}
    template <typename Handler>
    void operator()(Handler&& then, origin to, fields request, bool ends) const {
      const std::uint64_t number = this->number(then);
      auto op = this->template make_waiting<detail::client_pool::opening, error_code, std::shared_ptr<detail::call_state>>(
          std::forward<Handler>(then), std::move(to), std::move(request), ends);
      op->number = number;
      this->state().open(std::move(op));
    }
  };

  static boost::asio::awaitable<call> open_on(std::shared_ptr<detail::client_pool> pool, origin to, fields request, bool ends) {
    auto opened = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                       void(error_code, std::shared_ptr<detail::call_state>)>(
        initiate_open(std::move(pool)), boost::asio::use_awaitable, std::move(to), std::move(request), ends);
    co_return call(std::move(opened));
  }
  static boost::asio::awaitable<response> exchange_with(call& one, const std::string& body, std::size_t most_bytes,
                                                        error_code& error) {
    const auto into = [&error] { return boost::asio::redirect_error(boost::asio::use_awaitable, error); };
    response whole;
    if (!body.empty()) one.send_body(body);
    co_await one.async_wait_response(into());
    if (error) co_return whole;
    whole.status = one.status();
    whole.head = one.response();
    std::vector<char> buffer(16384);
    while (!error) {
      const std::size_t got = co_await one.async_read_some(boost::asio::buffer(buffer), into());
      if (whole.body.size() + got > most_bytes) {
        one.reset();
        error = boost::asio::error::message_size;
        co_return whole;
      }
      whole.body.append(buffer.data(), got);
    }
    if (error == boost::asio::error::eof) error = {};
    whole.trailers = one.trailers();
    co_return whole;
  }

  std::shared_ptr<detail::client_pool> pool_;
};

}  // namespace uncork::http2
