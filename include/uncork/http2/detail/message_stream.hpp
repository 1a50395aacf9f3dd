#pragma once
// What a server's exchange and a client's call share: one stream of messages, read and written bit by bit.

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "uncork/http2/detail/exchange_state.hpp"
#include "uncork/stream/detail/initiation.hpp"

namespace uncork::http2::detail {

/// Holds the stream until it is let go of. Movable.
class message_stream {
 protected:
  using core = exchange_state;
  using error_code = boost::system::error_code;

 public:
  using executor_type = core::executor_type;

  message_stream(message_stream&&) noexcept = default;
  message_stream& operator=(message_stream&& other) noexcept {
    if (this == &other) return *this;
    let_go();
    state_ = std::move(other.state_);
    return *this;
  }

  [[nodiscard]] executor_type get_executor() const noexcept { return state_->get_executor(); }
  [[nodiscard]] boost::asio::ip::tcp::endpoint remote_endpoint() const { return state_->remote_endpoint(); }
  /// What the peer says of its body's length.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const noexcept { return state_->facts().content_length; }
  /// The peer's fields behind its body, once that has been read to its end.
  [[nodiscard]] const fields& trailers() const noexcept { return state_->trailers(); }
  /// Why nothing more can be read or sent; none while it can.
  [[nodiscard]] const error_code& error() const noexcept { return state_->error(); }

  /// Ends this side's body.
  void finish() { static_cast<void>(state_->send_body({}, true)); }
  void finish(const fields& trailers) { state_->send_trailers(trailers); }
  /// Ends the stream at once, both ways: RST_STREAM, or the end of an HTTP/1.x connection.
  void reset(errc code = errc::cancel) { state_->reset(code); }

  /// Some bytes of the peer's body. Signature: void(error_code, std::size_t).
  template <typename Buffers, typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_read_some(const Buffers& buffers, Token&& token = Token()) {
    stream::detail::check_token<Token, void(error_code, std::size_t)>();
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(initiate<core::reading>(state_), token,
                                                                             first_of<boost::asio::mutable_buffer>(buffers));
  }
  /// Sends some bytes of this side's body; waits while there is no room. Signature: void(error_code, std::size_t).
  template <typename Buffers, typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_write_some(const Buffers& buffers, Token&& token = Token()) {
    stream::detail::check_token<Token, void(error_code, std::size_t)>();
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(initiate<core::writing>(state_), token,
                                                                             first_of<boost::asio::const_buffer>(buffers));
  }

 protected:
  explicit message_stream(std::shared_ptr<core> of) noexcept : state_(std::move(of)) {}
  ~message_stream() { let_go(); }
  [[nodiscard]] const std::shared_ptr<core>& shared() const noexcept { return state_; }

 private:
  template <typename Operation>
  struct initiate : stream::detail::initiation<core> {
    explicit initiate(std::shared_ptr<core> of) : stream::detail::initiation<core>(std::move(of)) {}
    template <typename Handler, typename Buffer>
    void operator()(Handler&& handler, const Buffer& buffer) const {
      const std::uint64_t number = this->number(handler);
      auto op = this->template make_waiting<Operation, error_code, std::size_t>(std::forward<Handler>(handler), buffer);
      op->number = number;
      this->state().start(std::move(op));
    }
  };
  template <typename Buffer, typename Buffers>
  static Buffer first_of(const Buffers& buffers) {
    for (auto at = boost::asio::buffer_sequence_begin(buffers); at != boost::asio::buffer_sequence_end(buffers); ++at) {
      const Buffer one(*at);
      if (one.size() != 0) return one;
    }
    return {};
  }
  void let_go() noexcept {
    if (const auto mine = std::exchange(state_, nullptr)) mine->let_go();
  }

  std::shared_ptr<core> state_;
};

}  // namespace uncork::http2::detail
