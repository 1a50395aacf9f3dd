#pragma once
// Frames over a TCP socket, with a judge of the peer that tells a dead one from a slow one.

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "uncork/stream/detail/heartbeat_connection.hpp"
#include "uncork/stream/detail/initiation.hpp"
#include "uncork/stream/heartbeat_options.hpp"

namespace uncork::stream {

/// Reads and writes frames (frame.hpp), sends heartbeats when nothing else goes out, and gives the peer up when liveness.hpp says
/// so. From start(), or the first operation, it reads all the time, whether or not the program does, into a bounded inbox:
/// heartbeats are seen until that is full.
///
/// NextLayer is a stream socket of Asio's, connected before the start: it is tried first and waited for when it would block. Not
/// ssl::stream: a record whose write was given up cannot be continued.
///
/// Errors: peer_silent and no_progress from the judge; unknown_frame, unexpected_payload, frame_too_long and frame_cut_short (the
/// end came inside a frame) from the framing; peer_shut_down after the peer's shutdown; shut_down after our own; else the
/// system's, and eof. Readers get an error after everything good that came before it. The first error of writing, a heartbeat's
/// included, is for every later write as well: a frame may have gone out in part, so nothing may follow it.
///
/// Cancellation, by type: a read that waits, and a write whose frame is not begun, end with operation_aborted by each of
/// terminal, partial and total, and have then had no effect; async_shutdown has its limit instead. The handler's associated
/// executor, allocator and cancellation slot are honoured. A token may be left out where the executor has a default.
///
/// Threads: one at a time; with several threads in the context, make the socket with a strand as its executor and call from it.
/// Completions never run inside a call. Destroying the stream closes the socket and ends what waits with operation_aborted; what
/// async_write_frame has completed, the kernel still sends.
template <typename NextLayer>
class heartbeat_stream {
  static_assert(
      requires(NextLayer& layer, boost::system::error_code& error) {
        layer.non_blocking(true, error);
        layer.async_wait(boost::asio::socket_base::wait_read, [](boost::system::error_code) {});
      },
      "heartbeat_stream needs a stream socket below, which can be tried without blocking and waited for: ssl::stream cannot, "
      "since a record whose write was given up cannot be gone on with");

  using connection = detail::heartbeat_connection<NextLayer>;
  using error_code = boost::system::error_code;

 public:
  using next_layer_type = std::remove_reference_t<NextLayer>;
  using lowest_layer_type = typename next_layer_type::lowest_layer_type;
  using executor_type = typename next_layer_type::executor_type;

  /// The stream over the same socket with another executor: `use_awaitable_t<>::as_default_on_t<heartbeat_stream<tcp::socket>>`.
  template <typename OtherExecutor>
  struct rebind_executor {
    using other = heartbeat_stream<typename next_layer_type::template rebind_executor<OtherExecutor>::other>;
  };

  /// Makes the next layer from `args`: a socket to move in, or an executor.
  template <typename First, typename... Args>
    requires(!std::same_as<std::remove_cvref_t<First>, heartbeat_stream> &&
             !std::same_as<std::remove_cvref_t<First>, heartbeat_options>)
  explicit heartbeat_stream(First&& first, Args&&... args)
      : heartbeat_stream(heartbeat_options(), std::forward<First>(first), std::forward<Args>(args)...) {}

  template <typename... Args>
  explicit heartbeat_stream(const heartbeat_options& options, Args&&... args)
      : connection_(std::make_shared<connection>(options, std::forward<Args>(args)...)) {}

  heartbeat_stream(heartbeat_stream&&) noexcept = default;
  heartbeat_stream& operator=(heartbeat_stream&& other) noexcept {
    if (this != &other) {
      if (connection_) connection_->abandon();
      connection_ = std::move(other.connection_);
    }
    return *this;
  }
  ~heartbeat_stream() {
    if (connection_) connection_->abandon();
  }

  [[nodiscard]] executor_type get_executor() noexcept { return connection_->get_executor(); }
  /// For connecting, and to look at; not for reading or writing once started.
  [[nodiscard]] next_layer_type& next_layer() noexcept { return connection_->next; }
  [[nodiscard]] lowest_layer_type& lowest_layer() noexcept { return connection_->next.lowest_layer(); }
  [[nodiscard]] const lowest_layer_type& lowest_layer() const noexcept { return connection_->next.lowest_layer(); }
  [[nodiscard]] heartbeat_stats stats() const { return connection_->stats(); }

  /// Begins to read, to judge and to heartbeat; the socket becomes non-blocking, with TCP_NODELAY and TCP_NOTSENT_LOWAT. An error
  /// is for the first operation.
  void start() { connection_->start(); }

  /// The next frame: the user's, stream_error or stream_end. It completes when the frame's last byte is in, whatever follows.
  /// Several calls are served in turn. Cancelling one loses nothing. Signature: void(error_code, frame).
  template <typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_read_frame(Token&& token = Token()) {
    detail::check_token<Token, void(error_code, frame)>();
    return boost::asio::async_initiate<Token, void(error_code, frame)>(initiate_read(connection_), token);
  }

  /// Writes one frame of a user's type, header and payload in one send, and completes when the kernel has all of it. The payload
  /// is not copied: `buffers` stay valid until then. Several calls are queued in order. Cancelling takes out a frame that is not
  /// begun. Errors beside those above: reserved_type, frame_too_long. Signature: void(error_code).
  template <typename Buffers, typename Token = boost::asio::default_completion_token_t<executor_type>>
    requires boost::asio::is_const_buffer_sequence<Buffers>::value
  auto async_write_frame(frame_type type, const Buffers& buffers, Token&& token = Token()) {
    std::vector<boost::asio::const_buffer> payload(boost::asio::buffer_sequence_begin(buffers),
                                                   boost::asio::buffer_sequence_end(buffers));
    detail::check_token<Token, void(error_code)>();
    return boost::asio::async_initiate<Token, void(error_code)>(initiate_write(connection_), token, type, std::move(payload));
  }

  /// Ends the connection in order: what is queued, then a shutdown frame, then our end of the stream; drops what comes in until
  /// the peer's end, and closes. (A socket closed with unread input sends a reset, which may destroy what the peer has not read.)
  /// Waiting and later reads, and later writes, complete with shut_down; what lies in the inbox is dropped. `limit` is for all of
  /// it: after that the socket is closed as it is, with timed_out for this and for the writes still queued. A peer that is slow
  /// may then not have got everything. No other limit counts meanwhile. Signature: void(error_code).
  template <typename Token = boost::asio::default_completion_token_t<executor_type>>
  auto async_shutdown(std::chrono::steady_clock::duration limit, Token&& token = Token()) {
    detail::check_token<Token, void(error_code)>();
    return boost::asio::async_initiate<Token, void(error_code)>(initiate_shutdown(connection_), token, limit);
  }

 private:
  struct initiate_read : detail::initiation<connection> {
    using detail::initiation<connection>::initiation;
    template <typename Handler>
    void operator()(Handler&& handler) const {
      const auto number = this->number(handler);
      this->state().read(number, this->template make_waiting<detail::waiting<error_code, frame>, error_code, frame>(
                                     std::forward<Handler>(handler)));
    }
  };

  struct initiate_write : detail::initiation<connection> {
    using detail::initiation<connection>::initiation;
    template <typename Handler>
    void operator()(Handler&& handler, frame_type type, std::vector<boost::asio::const_buffer> payload) const {
      const auto number = this->number(handler);
      this->state().write(number, type, std::move(payload),
                          this->template make_waiting<detail::waiting<error_code>, error_code>(std::forward<Handler>(handler)));
    }
  };

  struct initiate_shutdown : detail::initiation<connection> {
    using detail::initiation<connection>::initiation;
    template <typename Handler>
    void operator()(Handler&& handler, std::chrono::steady_clock::duration limit) const {
      this->state().shut_down(
          limit, this->template make_waiting<detail::waiting<error_code>, error_code>(std::forward<Handler>(handler)));
    }
  };

  std::shared_ptr<connection> connection_;
};

}  // namespace uncork::stream
