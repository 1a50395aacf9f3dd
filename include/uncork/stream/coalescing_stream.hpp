#pragma once
// A stream whose small writes cannot stall: what is written in one turn of the event loop leaves as one send.

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "uncork/stream/detail/coalescing_state.hpp"
#include "uncork/stream/detail/initiation.hpp"

namespace uncork::stream {

/// Gathers writes and reads through. Models Asio's AsyncReadStream and AsyncWriteStream, so Asio's composed operations, Beast and
/// ssl::stream run over it; over a `coalescing_stream<ssl::stream<tcp::socket>>` plaintext is gathered before it becomes records.
///
/// The rule: while a send is in flight, writes accumulate; when none is, what this turn has written goes out at its end. A stream
/// whose last turn was a single message sends the next one at once: alone it is not delayed at all, and if others follow they are
/// gathered behind it, and so is all of the next turn. No timer, no waiting for a size or for an acknowledgement. TCP_NODELAY is
/// set with the first send, and no send carries MSG_MORE, so the kernel holds nothing back either. (Why no delay: a fixed one
/// costs every lone message that delay, and buys nothing that a busy loop does not give by itself.)
///
/// A *turn* begins with a write and ends when the program has come to rest. Seen from here that is: it reads from this stream, or
/// waits for a flush or a drain, and one pass over all handlers that were ready then has brought nothing more; or three such
/// passes in a row have brought neither a write nor a read. It also ends at the bound, and after coalescing_options::turn_limit.
/// (Measured with 500 pipelined requests, of Redis's kind and of HTTP: with one pass, read or not, each answer was a send of its
/// own, since a read that finds its request in the program's buffer takes a hop of the loop or two. Two passes gather as well as
/// three over Asio's reads; three leave room for Beast's. Passes alone, without minding reads, gather the same, but then every
/// turn waits for all three: the read is the sign that a program which answers has nothing more to say.)
///
/// A byte has three states. *Accepted*: async_write has completed, the byte waits here. *Written*: the kernel, or the TLS layer,
/// has it; async_flush. *Acknowledged*: the peer's kernel has it; async_drain. None says that the peer's program has read it.
///
/// Errors: the first failed send poisons the stream; every queued and later write, flush and drain completes with that error.
/// Reads are not affected.
///
/// Cancellation, by type: a write, flush or drain that waits is taken out of its queue with operation_aborted by each of
/// terminal, partial and total, and has then had no effect; async_read_some is the next layer's; async_shutdown has its limit
/// instead.
///
/// The handler's associated executor, allocator and cancellation slot are honoured. A token may be left out where the executor
/// has a default.
///
/// Threads: one at a time; with several threads in the context, next layer and all calls on one strand. Completions never run
/// inside a call. Destroying it ends what waits with operation_aborted, closes the lowest layer and loses what was accepted but
/// not written: flush first. A read under way needs the stream alive until it completes, as with ssl::stream.
template <typename NextLayer>
class coalescing_stream {
  using state = detail::coalescing_state<NextLayer>;
  using error_code = boost::system::error_code;

 public:
  using next_layer_type = std::remove_reference_t<NextLayer>;
  using lowest_layer_type = std::remove_reference_t<decltype(detail::lowest_layer_of(std::declval<next_layer_type&>()))>;
  using executor_type = typename next_layer_type::executor_type;

  /// The stream over the same layer with another executor: `use_awaitable_t<>::as_default_on_t<coalescing_stream<tcp::socket>>`.
  template <typename OtherExecutor>
  struct rebind_executor {
    using other = coalescing_stream<typename next_layer_type::template rebind_executor<OtherExecutor>::other>;
  };

  /// Makes the next layer from `args`: a socket to move in, an executor, a socket and an ssl::context, …
  template <typename First, typename... Args>
    requires(!std::same_as<std::remove_cvref_t<First>, coalescing_stream> &&
             !std::same_as<std::remove_cvref_t<First>, coalescing_options>)
  explicit coalescing_stream(First&& first, Args&&... args)
      : coalescing_stream(coalescing_options(), std::forward<First>(first), std::forward<Args>(args)...) {}

  template <typename... Args>
  explicit coalescing_stream(const coalescing_options& options, Args&&... args)
      : state_(std::make_shared<state>(options, std::forward<Args>(args)...)) {}

  coalescing_stream(coalescing_stream&&) noexcept = default;
  coalescing_stream& operator=(coalescing_stream&& other) noexcept {
    if (this != &other) {
      if (state_) state_->abandon();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~coalescing_stream() {
    if (state_) state_->abandon();
  }

  [[nodiscard]] executor_type get_executor() noexcept { return state_->get_executor(); }
  /// For handshakes, reads, options. Whoever writes to it directly must flush first.
  [[nodiscard]] next_layer_type& next_layer() noexcept { return state_->next; }
  [[nodiscard]] lowest_layer_type& lowest_layer() noexcept { return detail::lowest_layer_of(state_->next); }
  [[nodiscard]] const lowest_layer_type& lowest_layer() const noexcept { return detail::lowest_layer_of(state_->next); }

  /// Reads from the next layer. Signature: void(error_code, std::size_t).
  template <typename Buffers, typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_read_some(const Buffers& buffers, Token&& token = Token()) {
    // A read of nothing is how async_read_until gives what it has found in the program's buffer.
    if (boost::asio::buffer_size(buffers) > 0) state_->program_waits();
    return state_->next.async_read_some(buffers, std::forward<Token>(token));
  }

  /// Accepts the first bytes of `buffers`, at most high_water of them, as one message. Signature: void(error_code, std::size_t).
  template <typename Buffers, typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_write_some(const Buffers& buffers, Token&& token = Token()) {
    detail::check_token<Token, void(error_code, std::size_t)>();
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(initiate_write(state_), token, buffers,
                                                                             state_->core.limits().high_water);
  }

  /// Accepts the whole of `buffers` as one message, copied. Completes once there was room for it: awaiting it is the
  /// backpressure. Messages of concurrent calls keep their order and never mix. `buffers` stay valid until then. Signature:
  /// void(error_code, std::size_t).
  template <typename Buffers, typename Token = boost::asio::default_completion_token_t<executor_type>>
    requires boost::asio::is_const_buffer_sequence<Buffers>::value
  auto async_write(const Buffers& buffers, Token&& token = Token()) {
    detail::check_token<Token, void(error_code, std::size_t)>();
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(initiate_write(state_), token, buffers,
                                                                             std::numeric_limits<std::size_t>::max());
  }

  /// The same with ownership: large blocks are not copied. Signature: void(error_code, std::size_t).
  template <typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_write(owned_bytes bytes, Token&& token = Token()) {
    detail::check_token<Token, void(error_code, std::size_t)>();
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(initiate_owned_write(state_), token,
                                                                             std::move(bytes));
  }

  /// Accepts one message at once, copied; nothing if there is no room or the stream is broken (see error()): then use
  /// async_write.
  std::optional<message_id> append(std::span<const std::byte> bytes) {
    if (!state_->accepts()) return std::nullopt;
    const message_id id = state_->core.append(bytes);
    state_->schedule();
    return id;
  }
  std::optional<message_id> append(std::string_view text) { return append(std::as_bytes(std::span(text))); }
  std::optional<message_id> append(owned_bytes bytes) {
    if (!state_->accepts()) return std::nullopt;
    const message_id id = state_->core.append(std::move(bytes));
    state_->schedule();
    return id;
  }

  /// Takes an appended message back; false if it is on its way already. A message is sent whole or not at all.
  bool cancel(message_id message) { return state_->cancel(message); }

  /// Completes when everything accepted before the call is written. Signature: void(error_code).
  template <typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_flush(Token&& token = Token()) {
    detail::check_token<Token, void(error_code)>();
    return boost::asio::async_initiate<Token, void(error_code)>(initiate_wait(state_), token, &state::wait_until_written);
  }

  /// Completes when everything accepted before the call is acknowledged by the peer's TCP (SIOCOUTQ and tcpi_bytes_acked, looked
  /// at after 100 us and then ever less often, at last every 10 ms). Errors: connection_reset if the connection ends before;
  /// operation_not_supported without TCP below. Signature: void(error_code).
  template <typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_drain(Token&& token = Token()) {
    detail::check_token<Token, void(error_code)>();
    return boost::asio::async_initiate<Token, void(error_code)>(initiate_wait(state_), token, &state::wait_until_acknowledged);
  }

  /// Ends the stream in order: all that was accepted or waits to be, then, if the next layer has an async_shutdown (TLS), that,
  /// which waits for the peer's goodbye, then the end of our half of the connection (FIN). Later writes get errc::shut_down;
  /// reading goes on: the peer's end is the program's to wait for. `limit` is for all of it; after that the stream is closed,
  /// with timed_out for this and for whatever waits. Errors besides: what breaks the stream. Signature: void(error_code).
  template <typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_shutdown(std::chrono::steady_clock::duration limit, Token&& token = Token()) {
    detail::check_token<Token, void(error_code)>();
    return boost::asio::async_initiate<Token, void(error_code)>(initiate_shutdown(state_), token, limit);
  }

  /// Bytes accepted, and bytes written, since the beginning.
  [[nodiscard]] std::uint64_t accepted() const noexcept { return state_->core.accepted(); }
  [[nodiscard]] std::uint64_t written() const noexcept { return state_->core.written(); }
  /// Bytes acknowledged since the beginning. Exact over a plain TCP socket; over another layer, whose bytes are not ours, nothing
  /// until all are.
  [[nodiscard]] std::optional<std::uint64_t> acknowledged() const {
    const auto now = state_->progress();
    if (!now) return std::nullopt;
    constexpr bool kLayered = requires { typename next_layer_type::next_layer_type; };
    if constexpr (!kLayered) return written() - std::min(written(), now->unacknowledged);
    if (now->unacknowledged == 0) return written();
    return std::nullopt;
  }
  /// The error that broke the stream, if any.
  [[nodiscard]] error_code error() const noexcept { return state_->core.error(); }
  /// Sends begun on the next layer since the beginning.
  [[nodiscard]] std::uint64_t sends() const noexcept { return state_->sends; }

 private:
  struct initiate_write : detail::initiation<state> {
    using detail::initiation<state>::initiation;
    template <typename Handler, typename Buffers>
    void operator()(Handler&& handler, const Buffers& buffers, std::size_t limit) const {
      state& shared = this->state();
      const error_code error = shared.write_error();
      if (error || shared.accepts()) {
        const std::size_t size = error ? 0 : detail::append_copy(shared.core, buffers, limit);
        detail::post_completion(shared.get_executor(), std::forward<Handler>(handler), error, size);
        return shared.schedule();
      }
      const std::uint64_t number = this->number(handler);
      shared.wait_for_room(number, this->template make_waiting<detail::buffers_message<Buffers>, error_code, std::size_t>(
                                       std::forward<Handler>(handler), buffers, limit));
    }
  };

  struct initiate_owned_write : detail::initiation<state> {
    using detail::initiation<state>::initiation;
    template <typename Handler>
    void operator()(Handler&& handler, owned_bytes bytes) const {
      state& shared = this->state();
      const error_code error = shared.write_error();
      if (error || shared.accepts()) {
        const std::size_t size = error ? 0 : bytes.size();
        if (size > 0) shared.core.append(std::move(bytes));
        detail::post_completion(shared.get_executor(), std::forward<Handler>(handler), error, size);
        return shared.schedule();
      }
      const std::uint64_t number = this->number(handler);
      shared.wait_for_room(number, this->template make_waiting<detail::owned_message, error_code, std::size_t>(
                                       std::forward<Handler>(handler), std::move(bytes)));
    }
  };

  /// Of what waits for a mark in the stream: a flush or a drain.
  struct initiate_wait : detail::initiation<state> {
    using detail::initiation<state>::initiation;
    template <typename Handler, typename Function>
    void operator()(Handler&& handler, Function wait) const {
      state& shared = this->state();
      if (const error_code error = shared.core.error()) {
        return detail::post_completion(shared.get_executor(), std::forward<Handler>(handler), error);
      }
      const std::uint64_t number = this->number(handler);
      (shared.*wait)(number, this->template make_waiting<detail::waiting_end, error_code>(std::forward<Handler>(handler)));
    }
  };

  struct initiate_shutdown : detail::initiation<state> {
    using detail::initiation<state>::initiation;
    template <typename Handler>
    void operator()(Handler&& handler, std::chrono::steady_clock::duration limit) const {
      this->state().shut_down(limit,
                              this->template make_waiting<detail::waiting_end, error_code>(std::forward<Handler>(handler)));
    }
  };

  std::shared_ptr<state> state_;
};

}  // namespace uncork::stream
