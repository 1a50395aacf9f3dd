#pragma once
// A request and the means to answer it: what the handlers of `server` are given.

#include <unistd.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "uncork/http2/detail/exchange_state.hpp"
#include "uncork/http2/detail/message_stream.hpp"
#include "uncork/stream/detail/initiation.hpp"

namespace uncork::http2 {

/// One request over HTTP/2 or HTTP/1.1. Its body is read, and the answer's written, as it comes: it models Asio's AsyncReadStream
/// (asio's eof ends the body) and AsyncWriteStream (asio::async_write writes all of a buffer), and what is written leaves by the
/// rule of its server, together with all that other handlers have written in the same turn.
///
/// The answer is a head, a body, and perhaps trailers. respond() gives all of it at once; what there is no room for is sent when
/// there is. Who lets go of an exchange that he has not answered resets the stream.
///
/// When the peer resets the stream, or the connection ends, reads and writes complete with the reason (http2::errc, or what the
/// socket said), and a coroutine of coroutine() is cancelled.
///
/// Threads: that of get_executor() alone; post to it from another. One read and one write may wait at a time; another completes
/// with in_progress. The handler's associated executor, allocator and cancellation slot are honoured. Movable.
class exchange : public detail::message_stream {
 public:
  explicit exchange(std::shared_ptr<detail::exchange_state> of) noexcept : message_stream(std::move(of)) {}

  /// 2, or 1 for HTTP/1.x.
  [[nodiscard]] unsigned version() const noexcept { return shared()->version(); }

  /// The request; of HTTP/1.x its line and Host are the pseudo-fields that HTTP/2 has for them.
  [[nodiscard]] const fields& request() const noexcept { return shared()->request(); }
  [[nodiscard]] std::string_view method() const noexcept { return request().value_or_empty(known_field::method); }
  [[nodiscard]] std::string_view path() const noexcept { return request().value_or_empty(known_field::path); }
  [[nodiscard]] std::string_view authority() const noexcept { return request().value_or_empty(known_field::authority); }
  /// Whether the request has come as a whole, and all of its body has been read.
  [[nodiscard]] bool is_request_whole() const noexcept { return shared()->is_input_whole(); }
  /// Whether a head has been sent.
  [[nodiscard]] bool has_responded() const noexcept { return shared()->has_head(); }

  /// The whole answer, `head` with :status first. Copies what cannot be sent at once: give long bodies by the next.
  void respond(const fields& head, std::string_view body = {}) {
    const std::size_t taken = begin_response(head, body);
    if (taken < body.size()) shared()->send_rest(std::make_unique<detail::text_source>(std::string(body.substr(taken))));
  }
  /// The same with a body that is shared, and never copied as a whole: many clients may be sent it at once.
  void respond(const fields& head, std::shared_ptr<const std::string> body) {
    const std::size_t taken = begin_response(head, *body);
    if (taken < body->size()) shared()->send_rest(std::make_unique<detail::text_source>(std::move(body), taken));
  }
  /// The same with a part of a file as the body. Owns `descriptor` from here on.
  void respond_file(const fields& head, int descriptor, std::uint64_t offset, std::uint64_t length) {
    if (length == 0 || shared()->facts().is_head) {
      ::close(descriptor);
      return shared()->send_head(head, true);
    }
    shared()->send_head(head, false, length);
    shared()->send_file(descriptor, offset, length);
  }
  /// A response of 1xx before the answer.
  void send_interim(const fields& message) { shared()->send_interim(message); }
  /// Begins an answer whose body is written bit by bit.
  void send_head(const fields& head) { shared()->send_head(head, false); }
  /// The client may pause for as long as it likes within its body, as streams of messages do; without it limits::body_timeout
  /// resets the stream.
  void allow_rest() { shared()->allow_rest(); }
  /// Completes when the peer or the connection gives the exchange up, with the reason; operation_aborted if it never does.
  /// Signature: void(error_code).
  template <typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_wait_end(Token&& token = Token()) {
    stream::detail::check_token<Token, void(error_code)>();
    return boost::asio::async_initiate<Token, void(error_code)>(initiate_end(shared()), token);
  }

 private:
  struct initiate_end : stream::detail::initiation<core> {
    explicit initiate_end(std::shared_ptr<core> of) : stream::detail::initiation<core>(std::move(of)) {}
    template <typename Handler>
    void operator()(Handler&& handler) const {
      const std::uint64_t number = this->number(handler);
      auto op = this->template make_waiting<core::ending, error_code>(std::forward<Handler>(handler));
      op->number = number;
      this->state().start(std::move(op));
    }
  };
  /// How much of the body was taken.
  [[nodiscard]] std::size_t begin_response(const fields& head, std::string_view body) {
    const bool ends = body.empty() || shared()->facts().is_head;
    shared()->send_head(head, ends, ends ? std::nullopt : std::optional<std::uint64_t>(body.size()));
    return ends ? body.size() : shared()->send_body(std::as_bytes(std::span(body)), true);
  }
  friend class coroutine_handler;
};

/// Answers a request, now or later: whoever needs time moves the exchange away.
using handler = std::function<void(exchange)>;

/// A handler that is a coroutine. It is cancelled when the peer gives the request up; what it throws before it has answered is
/// answered with 500, and resets the stream afterwards.
class coroutine_handler {
 public:
  using function = std::function<boost::asio::awaitable<void>(exchange&)>;
  explicit coroutine_handler(function body) : body_(std::make_shared<const function>(std::move(body))) {}

  void operator()(exchange one) const {
    const auto state = one.shared();
    boost::asio::co_spawn(state->get_executor(), run(body_, std::move(one)),
                          boost::asio::bind_cancellation_slot(state->cancelled().slot(), [](const std::exception_ptr&) {}));
  }

 private:
  static boost::asio::awaitable<void> run(std::shared_ptr<const function> body, exchange one) {
    try {
      co_await (*body)(one);
    } catch (const std::exception&) {
      if (one.error()) co_return;
      if (one.has_responded()) {
        one.reset(errc::internal_error);
      } else {
        fields failed;
        failed.add(":status", "500");
        one.respond(failed);
      }
    }
  }
  std::shared_ptr<const function> body_;
};
[[nodiscard]] inline handler coroutine(coroutine_handler::function body) { return coroutine_handler(std::move(body)); }

}  // namespace uncork::http2
