#pragma once
// Wakes coroutines of an event loop from other threads.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace uncork::rpc {

/// One coroutine waits, any thread wakes it.
class Waker : public std::enable_shared_from_this<Waker> {
 public:
  explicit Waker(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  /// Any thread, as long as the event loop is there.
  void wake() {
    boost::asio::post(timer_.get_executor(), [self = shared_from_this()] {
      self->is_woken_ = true;
      self->timer_.cancel();
    });
  }
  /// Until wake() has been called since this was last done, or `limit` is over, or the coroutine is cancelled.
  boost::asio::awaitable<void> wait(std::chrono::seconds limit = std::chrono::hours(24)) {
    if (!is_woken_) {
      timer_.expires_after(limit);
      co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    is_woken_ = false;
  }

 private:
  boost::asio::steady_timer timer_;
  bool is_woken_ = false;
};

/// All that are waited for, to wake them together. Any thread.
class Wakers {
 public:
  [[nodiscard]] std::shared_ptr<Waker> make(const boost::asio::any_io_executor& executor) {
    auto one = std::make_shared<Waker>(executor);
    const std::lock_guard lock(mutex_);
    std::erase_if(all_, [](const std::weak_ptr<Waker>& gone) { return gone.expired(); });
    all_.push_back(one);
    return one;
  }
  void wake_all() {
    const std::lock_guard lock(mutex_);
    for (const auto& weak : all_) {
      if (const auto one = weak.lock()) one->wake();
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<Waker>> all_;
};

}  // namespace uncork::rpc
