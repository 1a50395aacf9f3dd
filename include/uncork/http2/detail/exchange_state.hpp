#pragma once
// What the handler of a request and the connection that brought it share.

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "uncork/http2/detail/body_source.hpp"
#include "uncork/http2/detail/scratch.hpp"
#include "uncork/http2/session.hpp"
#include "uncork/stream/detail/waiting.hpp"

namespace uncork::http2::detail {

/// One request and its answer, whatever the version of HTTP. The connection tells what comes by the on_…(); the handler asks and
/// answers by the rest. One thread at a time, that of executor(). No completion runs within a call.
class exchange_state : public std::enable_shared_from_this<exchange_state> {
 public:
  using executor_type = boost::asio::any_io_executor;
  using error_code = boost::system::error_code;

  exchange_state() = default;
  exchange_state(const exchange_state&) = delete;
  exchange_state& operator=(const exchange_state&) = delete;
  virtual ~exchange_state() = default;

  // ---- what the handler may ask
  [[nodiscard]] virtual executor_type get_executor() const noexcept = 0;
  [[nodiscard]] virtual boost::asio::ip::tcp::endpoint remote_endpoint() const = 0;
  [[nodiscard]] virtual unsigned version() const noexcept = 0;  ///< 2; 1 for HTTP/1.x
  [[nodiscard]] const fields& request() const noexcept { return request_; }
  [[nodiscard]] const message_facts& facts() const noexcept { return facts_; }
  [[nodiscard]] const fields& trailers() const noexcept { return trailers_; }
  [[nodiscard]] bool is_input_whole() const noexcept { return is_input_whole_ && inbox_left() == 0; }
  [[nodiscard]] bool has_head() const noexcept { return has_head_; }
  [[nodiscard]] bool is_output_over() const noexcept { return is_output_over_; }
  [[nodiscard]] const error_code& error() const noexcept { return error_; }

  // ---- what the handler does; on a stream that has failed each of them does nothing
  void send_interim(const fields& message) {
    if (can_send() && !has_head_) submit_head(message, false, std::nullopt);
  }
  /// `length` of the body, where it is known.
  void send_head(const fields& head, bool ends, std::optional<std::uint64_t> length = std::nullopt) {
    if (!can_send() || std::exchange(has_head_, true)) return;
    is_output_over_ = ends;
    submit_head(head, ends, length);
  }
  /// How many bytes were taken; with fewer than all, the rest is to be given again, and the end is not noted either.
  [[nodiscard]] std::size_t send_body(byte_span bytes, bool ends) {
    if (!can_send() || !has_head_) return bytes.size();
    const std::size_t taken = submit_body(bytes, ends);
    if (taken == bytes.size()) is_output_over_ = ends;
    return taken;
  }
  /// The rest of the body, which is sent as there is room for it, even after the handler has let go.
  void send_rest(std::unique_ptr<body_source> rest) {
    if (!can_send() || !has_head_) return;
    rest_ = std::move(rest);
    is_output_over_ = true;
    pump();
  }
  /// The same from a part of a file. Owns `descriptor`.
  void send_file(int descriptor, std::uint64_t offset, std::uint64_t length) {
    if (!can_send() || !has_head_) {
      ::close(descriptor);
    } else if (takes_files() && length >= kLeastSentFile) {
      is_output_over_ = true;
      submit_file(descriptor, offset, length);
    } else {
      send_rest(std::make_unique<file_part>(descriptor, offset, length));
    }
  }
  void send_trailers(const fields& trailers) {
    if (!can_send() || !has_head_) return;
    is_output_over_ = true;
    submit_trailers(trailers);
  }
  virtual void allow_rest() = 0;
  void reset(errc code) {
    if (error_ || (is_output_over_ && is_input_whole_ && !rest_)) return;
    submit_reset(code);
    end(boost::asio::error::operation_aborted);
  }
  /// The handler has let go.
  void let_go() {
    is_abandoned_ = true;
    if (!is_output_over_ || !is_input_whole_ || reader_ || writer_ || ending_) drop_waiting();
    if (rest_) kept_ = shared_from_this();
    release_if_done();
  }

  /// Bytes of the body, if there are any; else what completes later.
  class reading : public stream::detail::waiting<error_code, std::size_t> {
   public:
    explicit reading(boost::asio::mutable_buffer buffer) : into(buffer) {}
    boost::asio::mutable_buffer into;
    std::uint64_t number = 0;
  };
  class writing : public stream::detail::waiting<error_code, std::size_t> {
   public:
    explicit writing(boost::asio::const_buffer buffer) : from(buffer) {}
    boost::asio::const_buffer from;
    std::uint64_t number = 0;
  };
  class ending : public stream::detail::waiting<error_code> {
   public:
    std::uint64_t number = 0;
  };

  void start(stream::detail::waiting_ptr<reading> op) {
    if (reader_) return op.complete(boost::asio::error::in_progress, std::size_t{0});
    want_input();
    reader_ = std::move(op);
    serve_reader();
  }
  void start(stream::detail::waiting_ptr<writing> op) {
    if (writer_ || rest_) return op.complete(boost::asio::error::in_progress, std::size_t{0});
    writer_ = std::move(op);
    serve_writer();
  }
  void start(stream::detail::waiting_ptr<ending> op) {
    if (error_) return op.complete(error_);
    ending_ = std::move(op);
  }
  [[nodiscard]] std::uint64_t next_number() noexcept { return ++last_number_; }
  void cancel_waiting(std::uint64_t number) {
    if (reader_ && reader_->number == number) reader_.complete(boost::asio::error::operation_aborted, std::size_t{0});
    if (writer_ && writer_->number == number) writer_.complete(boost::asio::error::operation_aborted, std::size_t{0});
    if (ending_ && ending_->number == number) ending_.complete(boost::asio::error::operation_aborted);
  }
  /// Emitted when the peer or the connection has given the exchange up.
  [[nodiscard]] boost::asio::cancellation_signal& cancelled() noexcept { return cancelled_; }

  // ---- what the connection tells
  void on_data(byte_span bytes) {
    if (bytes.empty()) return;
    if (is_abandoned_) return consumed(bytes.size());
    if (!reader_ || inbox_left() != 0) return keep(bytes);
    const std::size_t direct = std::min(bytes.size(), reader_->into.size());
    std::memcpy(reader_->into.data(), bytes.data(), direct);
    keep(bytes.subspan(direct));
    reader_.complete(error_code(), direct);
    consumed(direct);  // last: it may bring more
  }
  void on_input_end() {
    is_input_whole_ = true;
    serve_reader();
  }
  void on_trailers(const fields& trailers) {
    trailers_ = trailers;
    on_input_end();
  }
  void on_room() {
    if (rest_) return pump();
    if (writer_) serve_writer();
  }
  /// Nothing more comes, nothing more may be sent: the peer or the connection has given the exchange up.
  void fail(error_code why) {
    if (error_) return;
    if (!why) why = make_error_code(errc::cancel);  // without an error it is given up all the same
    // To whoever reads a body, eof is its end: a connection that ended before that is another matter.
    if (why == boost::asio::error::eof) why = boost::asio::error::connection_aborted;
    const auto kept = shared_from_this();
    end(why);
    cancelled_.emit(boost::asio::cancellation_type::terminal);
  }
  /// The same, but what has come as a whole stays to be read, and only this side's body is dropped: responses must not be
  /// discarded because their server wants no more of the request (RFC 9113 8.1).
  void fail_unless_whole(error_code why) {
    if (!is_input_whole_) return fail(why);
    if (error_) return;
    is_output_over_ = true;
    rest_.reset();
    if (writer_) writer_.complete(why ? why : make_error_code(errc::cancel), std::size_t{0});
    release_if_done();
  }

 protected:
  virtual void submit_head(const fields& message, bool ends, std::optional<std::uint64_t> length) = 0;
  virtual std::size_t submit_body(byte_span bytes, bool ends) = 0;
  virtual void submit_trailers(const fields& trailers) = 0;
  virtual void submit_reset(errc code) = 0;
  /// Whether submit_file() is there to be used.
  [[nodiscard]] virtual bool takes_files() const noexcept { return false; }
  /// All of the body. Owns `descriptor`.
  virtual void submit_file(int descriptor, std::uint64_t /*offset*/, std::uint64_t /*length*/) { ::close(descriptor); }
  /// The handler has taken so many bytes of the body.
  virtual void consumed(std::size_t bytes) = 0;
  /// The handler waits for the body.
  virtual void want_input() {}
  /// The handler has let go, and what it left to be sent has been given.
  virtual void release() = 0;
  /// Drops what waits.
  virtual void on_let_go() {}
  /// Nothing more will happen on it.
  virtual void on_over() {}
  /// The head has been sent by the one who made it: a client's request.
  void note_head(bool ends) noexcept {
    has_head_ = true;
    is_output_over_ = ends;
  }

  /// As new, with the memory kept: for the next request.
  void clear() {
    constexpr std::size_t kMostKept = 4096;
    request_.clear();
    if (request_.capacity() > kMostKept) request_.shrink(0);
    if (!trailers_.empty()) trailers_ = fields();
    facts_ = {};
    inbox_.clear();
    inbox_taken_ = 0;
    is_input_whole_ = has_head_ = is_output_over_ = is_abandoned_ = is_released_ = false;
    error_ = {};
    cancelled_.slot().clear();
  }

  fields request_;
  message_facts facts_;

 private:
  /// Below it a copy into a send that carries other frames too costs less than system calls of its own.
  static constexpr std::uint64_t kLeastSentFile = 65'536;

  [[nodiscard]] bool can_send() const noexcept { return !error_ && !is_output_over_; }
  void keep(byte_span bytes) { inbox_.insert(inbox_.end(), bytes.begin(), bytes.end()); }
  [[nodiscard]] std::size_t inbox_left() const noexcept { return inbox_.size() - inbox_taken_; }

  void end(error_code why) {
    error_ = why;
    rest_.reset();
    inbox_ = byte_vector();
    inbox_taken_ = 0;
    serve_reader();
    if (writer_) writer_.complete(error_, std::size_t{0});
    if (ending_) ending_.complete(error_);
    on_over();
    release_if_done();
  }
  void serve_reader() {
    if (!reader_) return;
    if (inbox_left() == 0) {
      if (error_) return reader_.complete(error_, std::size_t{0});
      if (is_input_whole_) return reader_.complete(boost::asio::error::eof, std::size_t{0});
      return;
    }
    const std::size_t size = std::min(inbox_left(), reader_->into.size());
    std::memcpy(reader_->into.data(), inbox_.data() + inbox_taken_, size);
    inbox_taken_ += size;
    if (inbox_left() == 0) {
      inbox_.clear();
      inbox_taken_ = 0;
    }
    reader_.complete(error_code(), size);
    consumed(size);  // last: it may bring more
  }
  void serve_writer() {
    if (error_) return writer_.complete(error_, std::size_t{0});
    if (!can_send() || !has_head_) return writer_.complete(boost::asio::error::shut_down, std::size_t{0});
    const byte_span bytes(static_cast<const std::byte*>(writer_->from.data()), writer_->from.size());
    const std::size_t taken = submit_body(bytes, false);
    if (taken != 0 || bytes.empty()) writer_.complete(error_code(), taken);
  }
  void pump() {
    while (rest_) {
      const std::uint64_t left = rest_->left();
      const auto piece = left == 0 ? byte_span() : rest_->peek(body_scratch());
      if (!piece) {
        submit_reset(errc::internal_error);
        return fail(boost::asio::error::broken_pipe);
      }
      const bool is_last = piece->size() == left;
      const std::size_t taken = submit_body(*piece, is_last);
      rest_->take(taken);
      if (taken < piece->size()) return;  // on_room()
      if (is_last) rest_.reset();
    }
    release_if_done();
  }
  void release_if_done() {
    if (!is_abandoned_ || rest_ || std::exchange(is_released_, true)) return;
    const auto kept = std::exchange(kept_, nullptr);
    release();
  }
  void drop_waiting() {
    on_let_go();
    reader_ = {};
    writer_ = {};
    ending_ = {};
  }

  byte_vector inbox_;
  std::size_t inbox_taken_ = 0;
  fields trailers_;
  std::unique_ptr<body_source> rest_;
  std::shared_ptr<exchange_state> kept_;  // itself, while rest_ is sent and the handler has let go
  bool is_input_whole_ = false;
  bool has_head_ = false;
  bool is_output_over_ = false;  // or promised by rest_
  bool is_abandoned_ = false;
  bool is_released_ = false;
  error_code error_;
  stream::detail::waiting_ptr<reading> reader_;
  stream::detail::waiting_ptr<writing> writer_;
  stream::detail::waiting_ptr<ending> ending_;
  std::uint64_t last_number_ = 0;
  boost::asio::cancellation_signal cancelled_;
};

}  // namespace uncork::http2::detail
