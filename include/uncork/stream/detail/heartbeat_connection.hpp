#pragma once
// What a heartbeat_stream and its operations share: the socket, both queues, the judge of the peer, and the loops that feed it.

#include <algorithm>
#include <boost/asio/append.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "uncork/stream/detail/frame_inbox.hpp"
#include "uncork/stream/detail/frame_outbox.hpp"
#include "uncork/stream/detail/notsent_low_water.hpp"
#include "uncork/stream/detail/own_handler.hpp"
#include "uncork/stream/detail/waiting.hpp"
#include "uncork/stream/error.hpp"
#include "uncork/stream/heartbeat_options.hpp"
#include "uncork/stream/liveness.hpp"
#include "uncork/stream/tcp_progress.hpp"

namespace uncork::stream::detail {

/// Lives as long as the stream or any wait of its own. Both loops try first and wait when the kernel refuses, so that a timer can
/// try again at any time. One thread or strand at a time.
template <typename NextLayer>
class heartbeat_connection : public std::enable_shared_from_this<heartbeat_connection<NextLayer>> {
 public:
  using executor_type = typename NextLayer::executor_type;
  using error_code = boost::system::error_code;
  using clock = liveness::clock;
  using reader = waiting_ptr<waiting<error_code, frame>>;
  using writer = frame_outbox::operation;

  template <typename... Args>
  explicit heartbeat_connection(const heartbeat_options& options, Args&&... args)
      : next(std::forward<Args>(args)...),
        options_(options),
        live_(options.liveness, clock::now()),
        inbox_(options),
        timer_(next.get_executor()) {}

  executor_type get_executor() noexcept { return next.get_executor(); }
  std::uint64_t next_number() { return ++numbers_; }

  NextLayer next;

  [[nodiscard]] heartbeat_stats stats() const {
    heartbeat_stats now = stats_;
    now.longest_write_wait = live_.longest_wait(clock::now());
    now.last_progress = live_.last_progress();
    return now;
  }

  void start() {
    if (std::exchange(started_, true)) return;
    live_ = liveness(options_.liveness, clock::now());
    error_code no_tcp;  // what is lost without them is speed
    next.set_option(boost::asio::ip::tcp::no_delay(true), no_tcp);
    next.set_option(notsent_low_water(options_.notsent_low_water), no_tcp);
    error_code failed;
    next.non_blocking(true, failed);
    if (failed) return break_both(failed);  // it would block
    read_ready();
    arm();
  }

  void read(std::uint64_t number, reader operation) {
    if (abandoned_) return operation.complete(boost::asio::error::operation_aborted, frame());
    if (shutting_down_) return operation.complete(errc::shut_down, frame());
    start();
    if (inbox_.empty()) {
      if (input_error_) return operation.complete(input_error_, frame());
      readers_.push_back({number, std::move(operation)});
      return;
    }
    operation.complete(error_code(), inbox_.pop());
    if (paused_ && !inbox_.full()) resume_reading();
  }

  void write(std::uint64_t number, frame_type type, std::vector<boost::asio::const_buffer> payload, writer operation) {
    if (abandoned_) return operation.complete(boost::asio::error::operation_aborted);
    if (shutting_down_) return operation.complete(errc::shut_down);
    if (!is_user_type(type)) return operation.complete(errc::reserved_type);
    if (boost::asio::buffer_size(payload) > options_.most_payload) return operation.complete(errc::frame_too_long);
    start();
    if (write_error_) return operation.complete(write_error_);
    outbox_.push(number, type, std::move(payload), std::move(operation));
    if (live_.waiting()) return;
    write_ready();
    arm();
  }

  void shut_down(clock::duration limit, writer operation) {
    if (abandoned_) return operation.complete(boost::asio::error::operation_aborted);
    if (shutting_down_) return operation.complete(errc::shut_down);
    start();
    shutting_down_ = true;
    const auto now = clock::now();
    shutdown_deadline_ = now + std::min(limit, clock::time_point::max() - now);
    shutdown_ = std::move(operation);
    inbox_.clear();
    end_readers(errc::shut_down);
    if (write_error_ && write_error_ != errc::peer_shut_down) return finish_shutdown(write_error_);
    write_error_ = {};
    if (!framing_broken_) outbox_.push(0, frame_type::shutdown, {}, writer());
    write_ready();
    arm();
  }

  /// An operation's cancellation slot. A frame that is begun cannot be taken back.
  void cancel_waiting(std::uint64_t number) {
    const error_code aborted = boost::asio::error::operation_aborted;
    if (auto operation = outbox_.take_back(number)) {
      if (outbox_.empty()) live_.withdrawn();
      return operation.complete(aborted);
    }
    const auto at = std::find_if(readers_.begin(), readers_.end(), [&](const auto& one) { return one.number == number; });
    if (at == readers_.end()) return;
    auto operation = std::move(at->operation);
    readers_.erase(at);
    operation.complete(aborted, frame());
  }

  /// The stream is destroyed.
  void abandon() {
    abandoned_ = true;
    close();
    end_readers(boost::asio::error::operation_aborted);
    end_writers(boost::asio::error::operation_aborted);
    if (shutdown_) std::exchange(shutdown_, writer()).complete(boost::asio::error::operation_aborted);
  }

  /// The context is destroyed: nothing can complete any more.
  void drop_waiting() {
    const auto readers = std::move(readers_);  // destroying a handler may come back here
    const auto writers = outbox_.clear();
    const auto shutdown = std::move(shutdown_);
    readers_.clear();
  }

 private:
  struct waiting_reader {
    std::uint64_t number;
    reader operation;
  };

  static constexpr int kReadsPerTurn = 16;  // then other handlers of the loop have their turn
  static constexpr int kLooks = 20;         // at the kernel's figures, within the silence limit

  static bool would_block(error_code error) {
    return error == boost::asio::error::would_block || error == boost::asio::error::try_again ||
           error == boost::asio::error::interrupted;
  }

  /// Whether the peer is judged and hears from us.
  [[nodiscard]] bool alive() const { return started_ && !write_error_ && !shutting_down_ && !closed_; }

  own_handler<heartbeat_connection, error_code> then(void (heartbeat_connection::*function)(error_code)) {
    return {this->shared_from_this(), function};
  }

  // ---- writing ----

  /// Writes until the kernel refuses or nothing is left.
  void write_ready() {
    while (!closed_ && !write_error_) {
      const auto now = clock::now();
      if (alive() && !outbox_.inside_frame() && now >= live_.heartbeat_due()) add_heartbeat(now);
      if (outbox_.empty()) break;
      if (options_.heartbeat_behind_lone_frame && alive() && !outbox_.inside_frame()) outbox_.trail_if_alone();
      error_code failed;
      const std::size_t count = next.write_some(outbox_.rest(), failed);
      if (would_block(failed)) {
        live_.refused(now);
        watch_progress(now);
        return wait_writable();
      }
      if (failed) return break_off(failed);
      live_.accepted(now);
      watch_progress(now);
      if (const auto whole = outbox_.wrote(count)) sent(*whole, now);
    }
    if (outbox_.empty() && shutting_down_ && !closed_ && !half_closed_) half_close();
  }

  /// Its interval counts from here, not from when the kernel takes it: else it would be added again and again.
  void add_heartbeat(clock::time_point now) {
    if (!outbox_.starts_with(frame_type::heartbeat)) outbox_.push_first(frame_type::heartbeat);
    live_.heartbeat_sent(now);
  }

  void sent(frame_outbox::finished& whole, clock::time_point now) {
    if (whole.type == frame_type::heartbeat) {
      ++stats_.heartbeats_sent;
    } else {
      ++stats_.frames_sent;
      if (whole.trailed) ++stats_.heartbeats_sent;
      live_.frame_sent(now);
    }
    if (whole.waits) whole.waits.complete(error_code());
  }

  void wait_writable() {
    if (std::exchange(waiting_writable_, true)) return;
    next.async_wait(boost::asio::socket_base::wait_write, then(&heartbeat_connection::writable));
  }

  void writable(error_code failed) {
    waiting_writable_ = false;
    if (closed_) return;
    if (failed) return break_off(failed);
    write_ready();
    arm();
  }

  /// The first error of the writing side ends it for good: nobody can tell how much of a frame the peer has got. What the peer
  /// had sent until then is still read and delivered.
  void break_off(error_code error) {
    if (write_error_) return;
    write_error_ = error;
    framing_broken_ = outbox_.inside_frame();
    end_writers(error);
    if (shutting_down_) return finish_shutdown(error);
    read_ready();
  }

  void end_writers(error_code error) {
    for (auto& operation : outbox_.clear()) operation.complete(error);
  }

  // ---- reading ----

  /// Reads and decodes until the kernel has no more, the inbox is full, or others should have a turn.
  void read_ready() {
    for (int turn = 0; turn < kReadsPerTurn; ++turn) {
      if (!wants_input()) return;
      error_code failed;
      const std::size_t count = next.read_some(inbox_.space(), failed);
      if (would_block(failed)) return write_error_ && !shutting_down_ ? end_input(write_error_) : wait_readable();
      if (failed) return end_input(failed);
      if (!shutting_down_) inbox_.filled(count);
    }
    if (wants_input() && !std::exchange(waiting_readable_, true)) {
      boost::asio::post(next.get_executor(), boost::asio::append(then(&heartbeat_connection::readable), error_code()));
    }
  }

  /// Decodes what is there; whether more is to be read then.
  bool wants_input() {
    if (closed_) return false;
    if (shutting_down_) return !input_ended_;
    while (!input_error_ && inbox_.has_undecoded() && !inbox_.full()) decode_one();
    if (input_error_) return false;
    paused_ = inbox_.full();
    if (paused_) live_.pause_reading();
    return !paused_;
  }

  void decode_one() {
    error_code bad;
    auto complete = inbox_.decode(bad);
    if (bad) return break_both(bad);
    const auto now = clock::now();
    live_.received(now);
    if (!complete) return;
    if (complete->type == frame_type::heartbeat) {
      ++stats_.heartbeats_received;
      return live_.heartbeat_received(now);
    }
    if (complete->type == frame_type::shutdown) return break_both(errc::peer_shut_down);
    ++stats_.frames_received;
    if (readers_.empty()) return inbox_.push(std::move(*complete));
    auto operation = std::move(readers_.front().operation);
    readers_.pop_front();
    operation.complete(error_code(), std::move(*complete));
  }

  /// Nothing good can come any more, and nobody listens: a fault in the framing, the peer's shutdown or death.
  void break_both(error_code why) {
    set_input_error(why);
    break_off(why);
  }

  void resume_reading() {
    live_.resume_reading(clock::now());
    read_ready();
    arm();
  }

  void wait_readable() {
    if (std::exchange(waiting_readable_, true)) return;
    next.async_wait(boost::asio::socket_base::wait_read, then(&heartbeat_connection::readable));
  }

  void readable(error_code failed) {
    waiting_readable_ = false;
    if (closed_) return;
    if (failed) return end_input(failed);
    read_ready();
    arm();
  }

  /// The socket gives nothing more.
  void end_input(error_code error) {
    input_ended_ = true;
    const bool orderly = error == boost::asio::error::eof;
    if (!shutting_down_) return set_input_error(orderly && inbox_.inside_frame() ? error_code(errc::frame_cut_short) : error);
    if (!orderly) return finish_shutdown(error);
    if (half_closed_) finish_shutdown({});
  }

  /// For readers, after what is in the inbox. Silence says nothing from here on.
  void set_input_error(error_code error) {
    if (input_error_) return;
    input_error_ = error;
    live_.pause_reading();
    end_readers(error);
  }

  void end_readers(error_code error) {
    for (auto& one : std::exchange(readers_, {})) one.operation.complete(error, frame());
  }

  // ---- time ----

  /// From now on the kernel is asked how many of our bytes are acknowledged.
  void watch_progress(clock::time_point now) {
    if (next_look_ == clock::time_point::max()) next_look_ = now + options_.liveness.silence / kLooks;
  }

  void look_at_progress(clock::time_point now) {
    if constexpr (requires { read_tcp_progress(next.native_handle()); }) {
      if (const auto seen = read_tcp_progress(next.native_handle())) {
        live_.acknowledged(seen->bytes_acked, seen->unacknowledged, now);
      }
    }
    next_look_ = live_.outstanding() ? now + options_.liveness.silence / kLooks : clock::time_point::max();
  }

  /// Sets the timer to what comes first. One that is set too early does no harm, so it is only ever moved forward.
  void arm() {
    if (closed_ || !started_) return;
    auto wanted = shutting_down_ ? shutdown_deadline_ : clock::time_point::max();
    if (alive()) {
      wanted = std::min(live_.next_deadline(), next_look_);
      if (!outbox_.inside_frame()) wanted = std::min(wanted, live_.heartbeat_due());
    }
    if (wanted >= armed_for_) return;
    armed_for_ = wanted;
    timer_.expires_at(wanted);
    timer_.async_wait(then(&heartbeat_connection::timer_rang));
  }

  void timer_rang(error_code cancelled) {
    if (cancelled || closed_) return;
    armed_for_ = clock::time_point::max();
    const auto now = clock::now();
    if (shutting_down_ && now >= shutdown_deadline_) return finish_shutdown(boost::asio::error::timed_out);
    if (alive()) {
      if (next_look_ != clock::time_point::max()) look_at_progress(now);
      write_ready();  // a heartbeat, and once more what was refused: the kernel tells of room late
      if (alive() && live_.check(now)) judge();
    }
    arm();
  }

  /// A clock has run out. If that is because this process did not run, the peer's signs of life lie in the kernel.
  void judge() {
    read_ready();
    const auto now = clock::now();
    const error_code error = alive() ? live_.check(now) : error_code();
    if (!error) return;
    stats_.expired = live_.expired(now);
    break_both(error);
    error_code ignored;  // what is left is to end our own waits
    next.cancel(ignored);
  }

  // ---- shutdown ----

  void half_close() {
    half_closed_ = true;
    error_code failed;
    next.shutdown(boost::asio::socket_base::shutdown_send, failed);
    if (failed) return finish_shutdown(failed);
    if (input_ended_) return finish_shutdown({});
    read_ready();
  }

  void finish_shutdown(error_code result) {
    if (closed_) return;
    close();
    end_writers(result ? result : error_code(errc::shut_down));
    if (shutdown_) std::exchange(shutdown_, writer()).complete(result);
  }

  void close() {
    closed_ = true;
    timer_.cancel();
    error_code ignored;  // a peer's reset is told by close(2) as well, and the descriptor is gone whatever it says
    next.close(ignored);
  }

  heartbeat_options options_;
  liveness live_;
  heartbeat_stats stats_;
  frame_inbox inbox_;
  frame_outbox outbox_;
  std::deque<waiting_reader> readers_;  // none while the inbox holds a frame
  std::uint64_t numbers_ = 0;
  bool started_ = false;
  bool abandoned_ = false;
  bool closed_ = false;
  bool paused_ = false;  // the inbox is full: nothing is read
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  bool input_ended_ = false;     // the socket has given its end or an error
  bool framing_broken_ = false;  // the last bytes that went out are part of a frame
  error_code input_error_;       // what readers get after the inbox
  error_code write_error_;       // what writers get
  bool shutting_down_ = false;
  bool half_closed_ = false;
  writer shutdown_;
  clock::time_point shutdown_deadline_;
  clock::time_point next_look_ = clock::time_point::max();
  clock::time_point armed_for_ = clock::time_point::max();
  boost::asio::basic_waitable_timer<clock, boost::asio::wait_traits<clock>, executor_type> timer_;
};

}  // namespace uncork::stream::detail
