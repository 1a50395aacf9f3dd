#pragma once
// What a coalescing_stream and its operations share: the core, the next layer, who waits, and the one writer.

#include <algorithm>
#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "uncork/stream/coalescer.hpp"
#include "uncork/stream/detail/own_handler.hpp"
#include "uncork/stream/detail/waiting.hpp"
#include "uncork/stream/tcp_progress.hpp"

namespace uncork::stream {

/// How a coalescing_stream gathers.
struct coalescing_options {
  coalescing_limits limits;
  /// A turn of the loop ends for a stream when its writers have come to rest: when a pass over the handlers that were ready
  /// brought nothing new. It also ends, with writers that never rest, this long after its first pass. 0: at the first pass,
  /// whatever comes; a coroutine that awaits each of its writes, and so writes once a pass, is then gathered only while a send is
  /// in flight.
  std::chrono::microseconds turn_limit{50};
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
  [[nodiscard]] bool accepts() const { return core.writable() && writers_.empty(); }

  void wait_for_room(std::uint64_t number, std::unique_ptr<waiting_write> write) {
    writers_.push_back({number, std::move(write)});
  }
  void wait_until_written(std::uint64_t number, std::unique_ptr<waiting_end> operation) {
    flushers_.push_back({number, core.accepted(), std::nullopt, std::move(operation)});
    release_flushed();
  }
  void wait_until_acknowledged(std::uint64_t number, std::unique_ptr<waiting_end> operation) {
    drainers_.push_back({number, core.accepted(), std::nullopt, std::move(operation)});
    ack_pause_ = kFirstAckPause;
    check_acknowledged();
  }
  std::uint64_t next_number() { return ++numbers_; }

  /// Something was accepted: it goes at the end of this turn of the loop; now, if the bound is reached or messages come one by
  /// one.
  void schedule() {
    if (sending_ || core.error()) return;
    if (one_by_one_ || core.pending() >= core.limits().high_water) return send();
    if (turn_open_) return;
    turn_open_ = true;
    turn_ends_ = {};
    post_pass();
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
      const auto operation = std::move(at->operation);
      writers_.erase(at);
      return operation->complete(aborted, 0);
    }
    for (auto* queue : {&flushers_, &drainers_}) {
      for (auto at = queue->begin(); at != queue->end(); ++at) {
        if (at->number != number) continue;
        const auto operation = std::move(at->operation);
        queue->erase(at);
        return operation->complete(aborted);
      }
    }
  }

  /// The first error ends everything that waits and everything that comes.
  void fail(error_code error) {
    core.fail(error);
    for (auto& waiter : std::exchange(writers_, {})) waiter.operation->complete(core.error(), 0);
    for (auto& waiter : std::exchange(flushers_, {})) waiter.operation->complete(core.error());
    for (auto& waiter : std::exchange(drainers_, {})) waiter.operation->complete(core.error());
    ack_timer_.cancel();
  }

  /// The stream is destroyed: what is under way ends with operation_aborted.
  void abandon() {
    fail(boost::asio::error::operation_aborted);
    auto& lowest = next.lowest_layer();
    error_code ignored;
    if constexpr (requires { lowest.close(ignored); }) lowest.close(ignored);
  }

  /// The context is destroyed: nothing can complete any more.
  void drop_waiting() {
    const auto writers = std::exchange(writers_, {});  // destroying a handler may come back here
    const auto flushers = std::exchange(flushers_, {});
    const auto drainers = std::exchange(drainers_, {});
  }

  [[nodiscard]] std::optional<tcp_progress> progress() {
    auto& lowest = next.lowest_layer();
    if constexpr (requires { read_tcp_progress(lowest.native_handle()); }) {
      return read_tcp_progress(lowest.native_handle());
    } else {
      return std::nullopt;
    }
  }

 private:
  static constexpr std::chrono::microseconds kFirstAckPause{100};
  static constexpr std::chrono::microseconds kLongestAckPause{10'000};
  static constexpr std::size_t kVectors = 64;  // as many as one send of Asio's takes

  struct waiting_room {
    std::uint64_t number;
    std::unique_ptr<waiting_write> operation;
  };
  struct waiting_mark {
    std::uint64_t number;
    std::uint64_t mark;                   // of accepted bytes
    std::optional<std::uint64_t> target;  // of tcp_progress::bytes_acked, once the mark is written
    std::unique_ptr<waiting_end> operation;
  };

  template <typename... Results>
  own_handler<coalescing_state, Results...> then(void (coalescing_state::*function)(Results...)) {
    return {this->shared_from_this(), function};
  }

  void post_pass() {
    accepted_at_pass_ = core.accepted();
    boost::asio::post(next.get_executor(), then(&coalescing_state::pass));
  }

  void pass() {
    if (!turn_open_) return;
    const bool at_rest = core.accepted() == accepted_at_pass_;
    if (!at_rest && turn_limit_.count() > 0 && !turn_is_over()) return post_pass();
    send();
  }

  bool turn_is_over() {
    const auto now = std::chrono::steady_clock::now();  // only when writers go on: a lone message is not charged for it
    if (turn_ends_ == std::chrono::steady_clock::time_point()) turn_ends_ = now + turn_limit_;
    return now >= turn_ends_;
  }

  void send() {
    turn_open_ = false;
    if (sending_ || core.error()) return;
    one_by_one_ = core.in_flight() == 0 && core.pending_messages() == 1;
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
    if (core.in_flight() > 0) return send();
    if (core.pending() == 0) return;
    one_by_one_ = false;
    schedule();
  }

  void admit_writers() {
    bool admitted = false;
    while (core.writable() && !writers_.empty()) {
      const auto write = std::move(writers_.front().operation);
      writers_.pop_front();
      write->complete({}, write->accept_into(core));
      admitted = true;
    }
    if (admitted) schedule();
  }

  void release_flushed() {
    while (!flushers_.empty() && core.written() >= flushers_.front().mark) {
      const auto operation = std::move(flushers_.front().operation);
      flushers_.pop_front();
      operation->complete({});
    }
  }

  /// The kernel tells nobody that bytes were acknowledged, so it is asked, ever less often.
  void check_acknowledged() {
    while (!drainers_.empty() && core.written() >= drainers_.front().mark) {
      waiting_mark& first = drainers_.front();
      const auto now = progress();
      if (now && !first.target) first.target = now->bytes_acked + now->unacknowledged;
      const bool done = now && now->bytes_acked >= *first.target;
      if (now && !done && !now->closed) return look_again();
      const auto operation = std::move(first.operation);
      drainers_.pop_front();
      if (!now) {
        operation->complete(boost::asio::error::operation_not_supported);
      } else {
        operation->complete(done ? error_code() : error_code(boost::asio::error::connection_reset));
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
    auto& lowest = next.lowest_layer();
    const boost::asio::ip::tcp::no_delay on(true);
    error_code not_tcp;
    if constexpr (requires { lowest.set_option(on, not_tcp); }) lowest.set_option(on, not_tcp);
  }

  std::chrono::microseconds turn_limit_;
  bool sending_ = false;
  bool turn_open_ = false;  // a pass is posted; what is written until it finds rest goes as one send
  std::chrono::steady_clock::time_point turn_ends_;
  std::uint64_t accepted_at_pass_ = 0;
  bool one_by_one_ = false;  // the last send was one message, and nothing came while it was under way
  std::array<boost::asio::const_buffer, kVectors> vectors_;
  bool no_delay_set_ = false;
  std::uint64_t numbers_ = 0;
  std::deque<waiting_room> writers_;
  std::deque<waiting_mark> flushers_;
  std::deque<waiting_mark> drainers_;
  bool looking_ = false;
  std::chrono::microseconds ack_pause_ = kFirstAckPause;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, executor_type>
      ack_timer_;
};

}  // namespace detail
}  // namespace uncork::stream
