#pragma once
// Frames over a TCP socket, with a judge of the peer that tells a dead one from a slow one.

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "uncork/stream/detail/heartbeat_connection.hpp"
#include "uncork/stream/heartbeat_options.hpp"

namespace uncork::stream {

/// Reads and writes frames (frame.hpp), sends heartbeats when nothing else goes out, and gives the peer up when liveness.hpp says
/// so. From start(), or the first operation, it reads all the time, whether or not the program does, into an inbox with a bound:
/// heartbeats are seen until that is full.
///
/// NextLayer is a stream socket of Asio's, connected before the start: it is tried first and waited for when it would block. Not
/// ssl::stream: a record whose write was given up cannot be gone on with.
///
/// Errors: peer_silent and no_progress from the judge; unknown_frame, unexpected_payload, frame_too_long and frame_cut_short (the
/// end came inside a frame) from the framing; peer_shut_down after the peer's shutdown; shut_down after our own; else the
/// system's, and eof. Readers get an error after everything good that came before it. The first error of writing, a heartbeat's
/// included, is for every later write as well: a frame may have gone out in part, so nothing may follow it.
///
/// Threads: one at a time; with several threads in the context, make the socket with a strand as its executor and call from it.
/// Completions never run inside a call. Destroying the stream closes the socket and ends what waits with operation_aborted; what
/// async_write_frame has completed, the kernel still sends.
template <typename NextLayer>
class heartbeat_stream {
  using connection = detail::heartbeat_connection<NextLayer>;
  using error_code = boost::system::error_code;

 public:
  using next_layer_type = std::remove_reference_t<NextLayer>;
  using lowest_layer_type = typename next_layer_type::lowest_layer_type;
  using executor_type = typename next_layer_type::executor_type;

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
  template <typename Token>
  auto async_read_frame(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, frame)>(initiate_read(connection_), token);
  }

  /// Writes one frame of a user's type, header and payload in one send, and completes when the kernel has all of it. The payload
  /// is not copied: `buffers` stay valid until then. Several calls are queued in order. Cancelling takes out a frame that is not
  /// begun. Errors beside those above: reserved_type, frame_too_long. Signature: void(error_code).
  template <typename Buffers, typename Token>
    requires boost::asio::is_const_buffer_sequence<Buffers>::value
  auto async_write_frame(frame_type type, const Buffers& buffers, Token&& token) {
    std::vector<boost::asio::const_buffer> payload(boost::asio::buffer_sequence_begin(buffers),
                                                   boost::asio::buffer_sequence_end(buffers));
    return boost::asio::async_initiate<Token, void(error_code)>(initiate_write(connection_), token, type, std::move(payload));
  }

  /// Ends the connection in order: what is queued, then a shutdown frame, then our end of the stream; drops what comes in until
  /// the peer's end, and closes. (A socket closed with unread input sends a reset, which may destroy what the peer has not read.)
  /// Waiting and later reads, and later writes, complete with shut_down; what lies in the inbox is dropped. `limit` is for all of
  /// it: after that the socket is closed as it is, with timed_out for this and for the writes still queued. A peer that is slow
  /// may then not have got everything. No other limit counts meanwhile. Signature: void(error_code).
  template <typename Token>
  auto async_shutdown(std::chrono::steady_clock::duration limit, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(initiate_shutdown(connection_), token, limit);
  }

 private:
  /// What every initiation holds: the connection, and the executor that Asio asks for.
  class initiation {
   public:
    using executor_type = typename next_layer_type::executor_type;
    explicit initiation(std::shared_ptr<connection> shared) : connection_(std::move(shared)) {}
    [[nodiscard]] executor_type get_executor() const noexcept { return connection_->get_executor(); }

   protected:
    template <typename... Results, typename Handler>
    auto make_waiting(Handler&& handler) const {
      using base = detail::waiting<Results...>;
      return std::make_unique<detail::waiting_handler<executor_type, std::decay_t<Handler>, base, Results...>>(
          get_executor(), std::forward<Handler>(handler));
    }

    std::shared_ptr<connection> connection_;
  };

  struct initiate_read : initiation {
    using initiation::initiation;
    template <typename Handler>
    void operator()(Handler&& handler) const {
      const auto number = this->connection_->next_number();
      detail::cancel_through_slot(this->connection_, handler, number);
      this->connection_->read(number, this->template make_waiting<error_code, frame>(std::forward<Handler>(handler)));
    }
  };

  struct initiate_write : initiation {
    using initiation::initiation;
    template <typename Handler>
    void operator()(Handler&& handler, frame_type type, std::vector<boost::asio::const_buffer> payload) const {
      const auto number = this->connection_->next_number();
      detail::cancel_through_slot(this->connection_, handler, number);
      this->connection_->write(number, type, std::move(payload),
                               this->template make_waiting<error_code>(std::forward<Handler>(handler)));
    }
  };

  struct initiate_shutdown : initiation {
    using initiation::initiation;
    template <typename Handler>
    void operator()(Handler&& handler, std::chrono::steady_clock::duration limit) const {
      this->connection_->shut_down(limit, this->template make_waiting<error_code>(std::forward<Handler>(handler)));
    }
  };

  std::shared_ptr<connection> connection_;
};

}  // namespace uncork::stream
