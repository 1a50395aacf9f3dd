#pragma once
// A session of HTTP/2 on a socket, either side.

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "uncork/http2/detail/connection_set.hpp"
#include "uncork/http2/detail/transport.hpp"
#include "uncork/http2/session.hpp"
#include "uncork/http2/transport_options.hpp"

namespace uncork::http2::detail {

/// Reads when the socket has something, gives it to the session, and sends what the session has gathered once the program has
/// come to rest: the turn of the loop is what coalesces. Held by its set until it has ended; handlers hold it too.
class connection : public member, public std::enable_shared_from_this<connection> {
 public:
  using error_code = boost::system::error_code;

  connection(http2::detail::transport bytes, http2::session core, const transport_options& how,
             std::shared_ptr<connection_set> all)
      : transport_(std::move(bytes)), session_(std::move(core)), how_(how), set_(std::move(all)) {}

  /// Takes what has been read already, and goes on by itself.
  void start(byte_span received) {
    set_->add(shared_from_this());
    take(received);
    if (!received.empty()) judge_read({}, received.size());
    flush();
  }

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return set_->executor(); }
  [[nodiscard]] http2::session& session() noexcept { return session_; }
  [[nodiscard]] const http2::session& session() const noexcept { return session_; }
  [[nodiscard]] http2::detail::transport& transport() noexcept { return transport_; }
  [[nodiscard]] const http2::detail::transport& transport() const noexcept { return transport_; }
  [[nodiscard]] bool is_ended() const noexcept { return is_ended_; }

  /// Whether what is submitted as external bodies is sent_file, and sent.
  [[nodiscard]] bool sends_files() noexcept {
    return !transport_.tls() && (how_.flush == flush_rule::turn || how_.flush == flush_rule::response);
  }
  /// Something was submitted: it leaves at the end of this turn, or at once where the rule says so.
  void submitted(bool ends_message) {
    if (how_.flush != flush_rule::turn && has_left_at_once(ends_message)) return;
    is_stirred_ = true;
    if (!is_taking_) schedule_flush();
  }

  void on_time(time_point now) override {
    if (is_closing_) {
      if (now >= closes_at_) end(boost::asio::error::timed_out);
      return;
    }
    if (now >= session_.deadline()) {
      session_.on_time(now);
      take_events();
      if (session_.streams() == 0) transport_.tidy();
      flush();
    }
    // Streams have their own limit; this one is of a peer that takes nothing at all.
    if (is_waiting_to_send_ && now - last_sent_ >= stall_limit_) end(boost::asio::error::timed_out);
  }
  void shut_down() override {
    session_.shut_down();
    take_events();
    flush();
  }
  void abort() override {
    session_.terminate(errc::no_error, {});
    take_events();
    flush();
    end(boost::asio::error::operation_aborted);
  }

 protected:
  /// Ends it without a word.
  void give_up(error_code why) { end(why); }
  virtual void on_event(const event& one) = 0;
  /// Nothing more will come: once, with the reason.
  virtual void on_end(error_code why) = 0;
  /// How many streams are still being answered.
  [[nodiscard]] virtual bool is_at_rest() const noexcept = 0;

 private:
  static constexpr int kReads = 4;  // of bodies in one turn; the other connections have theirs
  /// In one turn of what may be small frames: 2,000 requests that are reset at once fit in 64 KiB, and the other connections
  /// would wait for more than a millisecond.
  static constexpr std::size_t kFrameReadBytes = 4096;
  /// In one turn of a peer that resets what it asks for, and in so many more: each such request costs what beginning and
  /// cancelling a handler costs (3 to 4 us), for as little as 28 bytes.
  static constexpr std::size_t kResettingReadBytes = 1024;
  static constexpr int kTurnsAfterReset = 16;
  static constexpr int kPasses = 3;          // of the loop while handlers go on submitting
  static constexpr std::size_t kSends = 32;  // in one turn
  static constexpr std::chrono::seconds kLinger{2};

  void take(byte_span bytes) {
    is_taking_ = true;
    while (!bytes.empty() && !session_.is_over() && !is_ended_) {
      bytes = bytes.subspan(session_.receive(bytes, now_));
      take_events();
    }
    is_taking_ = false;
  }
  /// Whether there were any.
  bool take_events() {
    if (is_within_call_) return false;
    const bool was_taking = std::exchange(is_taking_, true);
    bool were_any = false;
    while (const auto one = session_.next()) {
      were_any = true;
      on_event(*one);
    }
    is_taking_ = was_taking;
    return were_any;
  }

  void wait_for_input() {
    if (is_ended_ || is_reading_ || (!session_.wants_read() && !is_closing_)) return;
    is_reading_ = true;
    transport_.socket().async_wait(socket_type::wait_read, [self = shared_from_this()](error_code error) {
      self->is_reading_ = false;
      if (error) return self->end(error);
      self->on_readable();
    });
  }

  void on_readable() {
    if (is_ended_) return;
    if (is_closing_) return discard();
    now_ = std::chrono::steady_clock::now();
    bool is_full = true;
    for (int reads = 0; is_full && reads < kReads && session_.wants_read(); ++reads) {
      const std::uint64_t bytes_before = transport_.bytes_received();
      const statistics before = session_.counts();
      const error_code error = transport_.receive([this](byte_span bytes) { take(bytes); }, is_full, read_at_most_);
      if (error == boost::asio::error::would_block) break;
      if (error) return end(error);
      if (is_ended_) return;
      judge_read(before, transport_.bytes_received() - bytes_before);
      if (read_at_most_ != kScratchBytes) break;
    }
    // Whoever has answered all that came has nothing more to say in this turn.
    if (is_at_rest()) {
      flush();
    } else {
      schedule_flush();
      wait_for_input();
    }
  }

  /// After a read of `bytes`, before which the session stood at `before`: how much the next one may bring.
  void judge_read(const statistics& before, std::uint64_t bytes) {
    const statistics& now = session_.counts();
    small_reads_ = now.resets_received != before.resets_received ? kTurnsAfterReset : std::max(0, small_reads_ - 1);
    const bool is_mostly_body = 2 * (now.body_bytes_received - before.body_bytes_received) >= bytes;
    read_at_most_ = is_mostly_body ? kScratchBytes : small_reads_ > 0 ? kResettingReadBytes : kFrameReadBytes;
  }

  void schedule_flush() {
    if (is_flush_posted_ || is_ended_ || is_waiting_to_send_) return;
    is_flush_posted_ = true;
    is_stirred_ = false;
    passes_ = 0;
    post_flush();
  }
  void post_flush() {
    boost::asio::post(set_->executor(), [self = shared_from_this()] {
      if (self->is_stirred_ && ++self->passes_ < kPasses) {
        self->is_stirred_ = false;
        return self->post_flush();
      }
      self->is_flush_posted_ = false;
      self->flush();
    });
  }

  /// The last frame so far has MSG_MORE or not, as another follows in this turn or not: kept until then.
  enum class last_frame : bool { sent, kept };
  /// Whether what was submitted need not wait for the end of the turn.
  bool has_left_at_once(bool ends_message) {
    if (how_.flush == flush_rule::frame_more) {
      flush_within_call(last_frame::kept);
      return false;
    }
    if (how_.flush == flush_rule::response && !ends_message) return false;
    flush_within_call(last_frame::sent);
    return true;
  }
  /// For whoever is in the middle of submitting: nobody is told anything before that is over.
  void flush_within_call(last_frame last) {
    const bool was_within = std::exchange(is_within_call_, true);
    flush(last);
    is_within_call_ = was_within;
    if (!is_within_call_ && !is_taking_ && session_.has_next()) schedule_flush();
  }
  void flush(last_frame last = last_frame::sent) {
    if (is_ended_ || is_waiting_to_send_ || is_closing_) return;
    if (last == last_frame::sent) is_stirred_ = false;
    http2::detail::transport::cork_scope held(transport_);
    for (std::size_t sends = 0;; ++sends) {
      if (sends == kSends) return schedule_flush();
      byte_span all = session_.gather();
      while (take_events()) all = session_.gather();  // who was told of room may have used it
      if (is_ended_) return;
      const external_piece file = session_.external();
      if (all.empty() && file.size == 0 && transport_.is_clear()) break;
      error_code error;
      if (all.empty() && file.size != 0) {
        session_.external_sent(transport_.send_file(static_cast<sent_file&>(*file.body), file.size, error));
        if (error == boost::asio::error::would_block) return wait_for_room();
        if (error) return end(error);
        continue;
      }
      if (file.size != 0) held.cork();  // pieces of a file end in the middle of a segment
      const bool is_by_frame = how_.flush == flush_rule::frame || how_.flush == flush_rule::frame_more;
      const byte_span piece = is_by_frame ? first_frame(all) : all;
      if (last == last_frame::kept && piece.size() == all.size()) return;
      const bool more_comes = how_.flush == flush_rule::frame_more && piece.size() < all.size();
      const std::size_t sent = transport_.send(piece, more_comes, error);
      session_.sent(sent);
      frame_left_ -= std::min(frame_left_, sent);
      if (error == boost::asio::error::would_block || (!error && !transport_.is_clear())) return wait_for_room();
      if (error) return end(error);
    }
    if (session_.is_over()) begin_to_close();
    wait_for_input();
  }
  /// What one send is given when each frame leaves by itself.
  byte_span first_frame(byte_span all) {
    if (all.empty()) return all;
    if (frame_left_ == 0) {
      const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>(all[i]); };
      frame_left_ = is_preface_sent_ || all[0] != std::byte{'P'} ? 9 + (at(0) << 16U | at(1) << 8U | at(2)) : 24;
      is_preface_sent_ = true;
    }
    return all.first(std::min(all.size(), frame_left_));
  }

  void wait_for_room() {
    is_waiting_to_send_ = true;
    last_sent_ = std::chrono::steady_clock::now();
    transport_.socket().async_wait(socket_type::wait_write, [self = shared_from_this()](error_code error) {
      self->is_waiting_to_send_ = false;
      if (error) return self->end(error);
      self->now_ = std::chrono::steady_clock::now();
      self->flush();
    });
  }

  /// All has been sent. A socket that is closed while the peer's bytes wait unread resets the connection, and what was sent last,
  /// the GOAWAY, is lost: they are read and thrown away for a while.
  void begin_to_close() {
    is_closing_ = true;
    closes_at_ = std::chrono::steady_clock::now() + kLinger;
    transport_.shut_down();
  }
  void discard() {
    bool is_full = false;
    const error_code error = transport_.receive([](byte_span) {}, is_full);
    if (error && error != boost::asio::error::would_block) return end(error);
    wait_for_input();
  }

  void end(error_code why) {
    if (is_within_call_) return boost::asio::post(set_->executor(), [self = shared_from_this(), why] { self->end(why); });
    if (std::exchange(is_ended_, true)) return;
    const auto kept = shared_from_this();
    transport_.close();
    on_end(why);
    set_->remove(*this);
  }

  using socket_type = boost::asio::ip::tcp::socket;

  http2::detail::transport transport_;
  http2::session session_;
  transport_options how_;
  std::shared_ptr<connection_set> set_;
  time_point now_ = std::chrono::steady_clock::now();
  time_point last_sent_{};
  time_point closes_at_{};
  std::chrono::milliseconds stall_limit_ = how_.send_timeout;
  std::size_t frame_left_ = 0;
  std::size_t read_at_most_ = kFrameReadBytes;
  int small_reads_ = 0;  // in how many turns yet
  int passes_ = 0;
  bool is_preface_sent_ = false;
  bool is_reading_ = false;
  bool is_taking_ = false;
  bool is_within_call_ = false;
  bool is_stirred_ = false;  // something was submitted since the last pass
  bool is_flush_posted_ = false;
  bool is_waiting_to_send_ = false;
  bool is_closing_ = false;
  bool is_ended_ = false;
};

}  // namespace uncork::http2::detail
