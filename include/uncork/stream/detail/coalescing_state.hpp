#pragma once
// What a coalescing_stream and its operations share: the core, the next layer, who waits, and the one writer.

#include <algorithm>
#include <array>
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
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "uncork/stream/coalescer.hpp"
#include "uncork/stream/detail/lowest_layer.hpp"
#include "uncork/stream/detail/own_handler.hpp"
#include "uncork/stream/detail/waiting.hpp"
#include "uncork/stream/error.hpp"
#include "uncork/stream/tcp_progress.hpp"

namespace uncork::stream {

/// How a coalescing_stream gathers.
struct coalescing_options {
  coalescing_limits limits;
  /// A turn whose writers never rest ends this long after it began. Measured with 500 pipelined requests: from 50 to 200 us the
  /// time for all of them falls by a sixth, beyond that by a fiftieth. 0: at its first pass, whatever comes; a coroutine that
  /// awaits each of its writes, and so writes once a pass, is then gathered only while a send is in flight.
  std::chrono::microseconds turn_limit{200};
};

namespace detail {

/// A write that waits for room.
class waiting_write : public waiting<boost::system::error_code, std::size_t> {
 public:
  /// Hands its message to the core; gives its size.
  virtual std::size_t accept_into(coalescer& core) = 0;
};

/// Its message as a copy of what the caller's buffers hold when there is room; at most `limit` bytes of it.
template <typename Buffers>
std::size_t append_copy(coalescer& core, const Buffers& buffers, std::size_t limit) {
  const std::size_t size = std::min(boost::asio::buffer_size(buffers), limit);
  if (size == 0) return 0;
  core.append(std::span<const std::byte>());
  std::size_t left = size;
  for (auto at = boost::asio::buffer_sequence_begin(buffers); at != boost::asio::buffer_sequence_end(buffers) && left > 0; ++at) {
    const boost::asio::const_buffer part(*at);
    const std::size_t count = std::min(part.size(), left);
    core.extend({static_cast<const std::byte*>(part.data()), count});
    left -= count;
  }
  return size;
}

template <typename Buffers>
class buffers_message : public waiting_write {
 public:
  buffers_message(const Buffers& buffers, std::size_t limit) : buffers_(buffers), limit_(limit) {}
  std::size_t accept_into(coalescer& core) override { return append_copy(core, buffers_, limit_); }

 private:
  Buffers buffers_;
  std::size_t limit_;
};

class owned_message : public waiting_write {
 public:
  explicit owned_message(owned_bytes bytes) : bytes_(std::move(bytes)) {}
  std::size_t accept_into(coalescer& core) override {
    const std::size_t size = bytes_.size();
    if (size > 0) core.append(std::move(bytes_));
    return size;
  }

 private:
  owned_bytes bytes_;
};

using waiting_end = waiting<boost::system::error_code>;

/// Lives as long as the stream or any of its operations. One thread or strand at a time.
template <typename NextLayer>
class coalescing_state : public std::enable_shared_from_this<coalescing_state<NextLayer>> {
 public:
  using executor_type = typename std::remove_reference_t<NextLayer>::executor_type;
  using error_code = boost::system::error_code;
  using clock = std::chrono::steady_clock;

  template <typename... Args>
  explicit coalescing_state(const coalescing_options& options, Args&&... args)
      : next(std::forward<Args>(args)...),
        core(options.limits),
        turn_limit_(options.turn_limit),
        ack_timer_(next.get_executor()) {}

  executor_type get_executor() noexcept { return next.get_executor(); }

  NextLayer next;
  coalescer core;
  std::uint64_t sends = 0;

  /// Whether a write is accepted without waiting: there is room, and nobody waits for some.
  [[nodiscard]] bool accepts() const { return core.writable() && writers_.empty() && !shutting_down_; }
  /// What a write gets at once.
  [[nodiscard]] error_code write_error() const {
    return !core.error() && shutting_down_ ? error_code(errc::shut_down) : core.error();
  }

  void wait_for_room(std::uint64_t number, waiting_ptr<waiting_write> write) { writers_.push_back({number, std::move(write)}); }
  void wait_until_written(std::uint64_t number, waiting_ptr<waiting_end> operation) {
    program_waits();
    flushers_.push_back({number, core.accepted(), std::nullopt, std::move(operation)});
    release_flushed();
  }
  void wait_until_acknowledged(std::uint64_t number, waiting_ptr<waiting_end> operation) {
    drainers_.push_back({number, core.accepted(), std::nullopt, std::move(operation)});
    program_waits();
    ack_pause_ = kFirstAckPause;
    check_acknowledged();
  }
  std::uint64_t next_number() { return ++numbers_; }

  /// Something was accepted: it goes at the end of this turn; now, if the bound is reached or messages come one by one.
  void schedule() {
    if (core.error() || core.pending() == 0) return;
    stir();
    program_waits_ = false;
    const bool begins = !std::exchange(turn_open_, true);
    if (begins) turn_messages_ = 0;
    if (sending_) return;  // its completion goes on with the turn
    if ((begins && one_by_one_) || core.pending() >= core.limits().high_water) return send();
    watch();
  }

  /// The program reads from the next layer, having worked off what it had read before, or waits for what it has written: unless
  /// that is there at once, nothing more will come in this turn.
  void program_waits() {
    stir();
    program_waits_ = true;
  }

  bool cancel(message_id message) {
    const auto taken_back = core.cancel(message);
    if (!taken_back) return false;
    for (auto* queue : {&flushers_, &drainers_}) {
      for (waiting_mark& waiter : *queue) {
        if (waiter.mark > taken_back->offset) waiter.mark -= taken_back->size;
      }
    }
    release_flushed();
    check_acknowledged();
    admit_writers();
    return true;
  }

  void cancel_waiting(std::uint64_t number) {
    const error_code aborted = boost::asio::error::operation_aborted;
    for (auto at = writers_.begin(); at != writers_.end(); ++at) {
      if (at->number != number) continue;
      auto operation = std::move(at->operation);
      writers_.erase(at);
      return operation.complete(aborted, std::size_t{0});
    }
    for (auto* queue : {&flushers_, &drainers_}) {
      for (auto at = queue->begin(); at != queue->end(); ++at) {
        if (at->number != number) continue;
        auto operation = std::move(at->operation);
        queue->erase(at);
        return operation.complete(aborted);
      }
    }
  }

  /// The first error ends everything that waits and everything that comes.
  void fail(error_code error) {
    core.fail(error);
    for (auto& waiter : std::exchange(writers_, {})) waiter.operation.complete(core.error(), std::size_t{0});
    for (auto& waiter : std::exchange(flushers_, {})) waiter.operation.complete(core.error());
    for (auto& waiter : std::exchange(drainers_, {})) waiter.operation.complete(core.error());
    ack_timer_.cancel();
    end_shutdown(core.error());
  }

  /// The stream is destroyed: what is under way ends with operation_aborted.
  void abandon() {
    fail(boost::asio::error::operation_aborted);
    close();
  }

  /// Everything that was accepted, or waits to be, then what the next layer says at its end, then ours.
  void shut_down(std::chrono::steady_clock::duration limit, waiting_ptr<waiting_end> operation) {
    if (shutting_down_) return operation.complete(error_code(errc::shut_down));
    if (core.error()) return operation.complete(core.error());
    shutting_down_ = true;
    shutdown_ = std::move(operation);
    shutdown_timer_.emplace(next.get_executor());
    shutdown_timer_->expires_after(std::min(limit, clock::time_point::max() - clock::now()));
    shutdown_timer_->async_wait(then(&coalescing_state::shutdown_is_over));
    program_waits();
    say_goodbye();
  }

  /// The context is destroyed: nothing can complete any more.
  void drop_waiting() {
    const auto writers = std::exchange(writers_, {});  // destroying a handler may come back here
    const auto flushers = std::exchange(flushers_, {});
    const auto drainers = std::exchange(drainers_, {});
    const auto shutdown = std::exchange(shutdown_, {});
  }

  [[nodiscard]] std::optional<tcp_progress> progress() {
    auto& lowest = lowest_layer_of(next);
    if constexpr (requires { read_tcp_progress(lowest.native_handle()); }) {
      return read_tcp_progress(lowest.native_handle());
    } else {
      return std::nullopt;
    }
  }

 private:
  static constexpr std::chrono::microseconds kFirstAckPause{100};
  static constexpr std::chrono::microseconds kLongestAckPause{10'000};
  // A program between two writes of a turn may need as many passes as its read of what is already in its buffer has hops:
  // one in Asio, two in Beast.
  static constexpr int kIdlePasses = 3;
  static constexpr std::size_t kVectors = 64;  // as many as one send of Asio's takes

  struct waiting_room {
    std::uint64_t number;
    waiting_ptr<waiting_write> operation;
  };
  struct waiting_mark {
    std::uint64_t number;
    std::uint64_t mark;                   // of accepted bytes
    std::optional<std::uint64_t> target;  // of tcp_progress::bytes_acked, once the mark is written
    waiting_ptr<waiting_end> operation;
  };

  template <typename... Results>
  own_handler<coalescing_state, Results...> then(void (coalescing_state::*function)(Results...)) {
    return {this->shared_from_this(), function};
  }

  /// A pass that is posted now comes too early to have seen it.
  void stir() { idle_passes_ = watching_ ? -1 : 0; }

  /// Looks once more, when all handlers that are ready now have run.
  void watch() {
    if (std::exchange(watching_, true)) return;
    if (turn_ends_ == clock::time_point()) turn_ends_ = clock::now() + turn_limit_;
    boost::asio::post(next.get_executor(), then(&coalescing_state::pass));
  }

  void pass() {
    watching_ = false;
    if (!turn_open_ || sending_ || core.error()) return;
    const bool at_rest = ++idle_passes_ >= (program_waits_ ? 1 : kIdlePasses);
    if (at_rest || turn_limit_.count() == 0 || clock::now() >= turn_ends_) return end_turn();
    watch();
  }

  void end_turn() {
    turn_open_ = false;
    turn_ends_ = {};
    send();
    if (turn_messages_ > 0) one_by_one_ = turn_messages_ == 1;
  }

  void send() {
    if (core.in_flight() == 0) turn_messages_ += core.pending_messages();
    const auto batch = core.batch();
    if (batch.empty()) return;
    set_no_delay();
    sending_ = true;
    ++sends;
    const std::size_t count = std::min(batch.size(), kVectors);
    std::transform(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count), vectors_.begin(),
                   [](const iovec& part) { return boost::asio::const_buffer(part.iov_base, part.iov_len); });
    next.async_write_some(std::span<const boost::asio::const_buffer>(vectors_.data(), count), then(&coalescing_state::sent));
  }

  void sent(error_code error, std::size_t written) {
    sending_ = false;
    core.wrote(written);
    if (!error && written == 0) error = boost::asio::error::broken_pipe;  // a layer that takes nothing and says nothing
    if (error) return fail(error);
    if (core.error()) return;
    release_flushed();
    check_acknowledged();
    admit_writers();
    if (sending_) return;  // an admitted writer has filled it up again
    if (core.in_flight() > 0 || core.pending() >= core.limits().high_water) return send();
    if (core.pending() > 0) turn_ends_ = {};  // it may have taken long
    if (turn_open_) watch();
  }

  void admit_writers() {
    bool admitted = false;
    while (core.writable() && !writers_.empty()) {
      auto write = std::move(writers_.front().operation);
      writers_.pop_front();
      const std::size_t size = write->accept_into(core);
      write.complete(error_code(), size);
      admitted = true;
    }
    if (admitted) schedule();
  }

  void close() {
    auto& lowest = lowest_layer_of(next);
    error_code ignored;
    if constexpr (requires { lowest.close(ignored); }) lowest.close(ignored);
  }

  [[nodiscard]] bool is_open() {
    auto& lowest = lowest_layer_of(next);
    if constexpr (requires { lowest.is_open(); }) {
      return lowest.is_open();
    } else {
      return true;
    }
  }

  void say_goodbye() {
    if (!shutdown_ || goodbye_said_ || core.accepted() != core.written() || !writers_.empty()) return;
    goodbye_said_ = true;
    if constexpr (requires { next.async_shutdown(then(&coalescing_state::said_goodbye)); }) {
      next.async_shutdown(then(&coalescing_state::said_goodbye));
    } else {
      half_close();
    }
  }

  /// Of TLS it is known here that ours is on its way and, if the peer has answered, its. A peer that closes without a word, as
  /// many do, does us no harm.
  void said_goodbye(error_code /*of the peer*/) { half_close(); }

  void half_close() {
    auto& lowest = lowest_layer_of(next);
    error_code failed;
    if constexpr (requires { lowest.shutdown(boost::asio::socket_base::shutdown_send, failed); }) {
      lowest.shutdown(boost::asio::socket_base::shutdown_send, failed);
    }
    if (failed == boost::asio::error::not_connected) failed = {};  // the peer has reset it, having got everything
    end_shutdown(failed);
  }

  void end_shutdown(error_code result) {
    if (!shutdown_) return;
    shutdown_timer_->cancel();
    std::exchange(shutdown_, {}).complete(result);
  }

  void shutdown_is_over(error_code cancelled) {
    if (cancelled || !shutdown_) return;
    std::exchange(shutdown_, {}).complete(error_code(boost::asio::error::timed_out));
    fail(boost::asio::error::timed_out);
    close();
  }

  void release_flushed() {
    while (!flushers_.empty() && core.written() >= flushers_.front().mark) {
      auto operation = std::move(flushers_.front().operation);
      flushers_.pop_front();
      operation.complete(error_code());
    }
    say_goodbye();
  }

  /// The kernel tells nobody that bytes were acknowledged, so it is asked, ever less often.
  void check_acknowledged() {
    while (!drainers_.empty() && core.written() >= drainers_.front().mark) {
      waiting_mark& first = drainers_.front();
      const auto now = progress();
      if (now && !first.target) first.target = now->bytes_acked + now->unacknowledged;
      const bool done = now && now->bytes_acked >= *first.target;
      if (now && !done && !now->closed) return look_again();
      auto operation = std::move(first.operation);
      drainers_.pop_front();
      if (!now) {
        using namespace boost::asio::error;
        operation.complete(is_open() ? error_code(operation_not_supported) : error_code(operation_aborted));
      } else {
        operation.complete(done ? error_code() : error_code(boost::asio::error::connection_reset));
      }
    }
  }

  void look_again() {
    if (looking_) return;
    looking_ = true;
    ack_timer_.expires_after(ack_pause_);
    ack_pause_ = std::min(2 * ack_pause_, kLongestAckPause);
    ack_timer_.async_wait(then(&coalescing_state::looked));
  }

  void looked(error_code /*cancelled*/) {
    looking_ = false;
    check_acknowledged();
  }

  void set_no_delay() {
    if (std::exchange(no_delay_set_, true)) return;
    auto& lowest = lowest_layer_of(next);
    const boost::asio::ip::tcp::no_delay on(true);
    error_code not_tcp;
    if constexpr (requires { lowest.set_option(on, not_tcp); }) lowest.set_option(on, not_tcp);
  }

  std::chrono::microseconds turn_limit_;
  bool sending_ = false;
  bool turn_open_ = false;
  bool watching_ = false;       // a pass is posted
  int idle_passes_ = 0;         // since the last write or read
  bool program_waits_ = false;  // that was a read, or a wait for what is written
  clock::time_point turn_ends_;
  std::size_t turn_messages_ = 0;  // of this turn, sent
  bool one_by_one_ = false;        // the last turn was one message
  std::array<boost::asio::const_buffer, kVectors> vectors_;
  bool no_delay_set_ = false;
  std::uint64_t numbers_ = 0;
  std::deque<waiting_room> writers_;
  std::deque<waiting_mark> flushers_;
  std::deque<waiting_mark> drainers_;
  bool looking_ = false;
  std::chrono::microseconds ack_pause_ = kFirstAckPause;
  using timer = boost::asio::basic_waitable_timer<clock, boost::asio::wait_traits<clock>, executor_type>;
  timer ack_timer_;
  bool shutting_down_ = false;
  bool goodbye_said_ = false;
  waiting_ptr<waiting_end> shutdown_;
  std::optional<timer> shutdown_timer_;
};

}  // namespace detail
}  // namespace uncork::stream
