#pragma once
// The connections of one event loop, and their time.

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "uncork/http2/types.hpp"

namespace uncork::http2::detail {

/// What a loop keeps alive until it has ended.
class member {
 public:
  member() = default;
  member(const member&) = delete;
  member& operator=(const member&) = delete;
  virtual ~member() = default;

  /// Several times a second.
  virtual void on_time(time_point now) = 0;
  /// No new work; ends when what is under way has been done.
  virtual void shut_down() = 0;
  /// Ends at once.
  virtual void abort() = 0;

 private:
  friend class connection_set;
  std::size_t index_ = 0;
};

/// Holds members, and gives them the time by one timer for all: a timer for each would be armed anew with every request. One
/// thread at a time, that of the executor.
class connection_set : public std::enable_shared_from_this<connection_set> {
 public:
  explicit connection_set(boost::asio::any_io_executor executor) : executor_(std::move(executor)), timer_(executor_) {}

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }

  void add(std::shared_ptr<member> one) {
    one->index_ = members_.size();
    members_.push_back(std::move(one));
    if (members_.size() == 1) wait();
  }
  void remove(member& one) noexcept {
    const std::size_t index = one.index_;
    if (index >= members_.size() || members_[index].get() != &one) return;
    const auto removed = std::exchange(members_[index], std::move(members_.back()));  // dropped last: it may be the caller
    members_.pop_back();
    if (index < members_.size()) members_[index]->index_ = index;
    if (members_.empty()) timer_.cancel();
  }
  void shut_down() {
    each([](member& one) { one.shut_down(); });
  }
  void abort() {
    each([](member& one) { one.abort(); });
  }
  template <typename Function>
  void each(const Function& function) {
    const auto all = members_;  // each may remove itself
    for (const auto& one : all) function(*one);
  }

 private:
  static constexpr std::chrono::milliseconds kTick{200};

  void wait() {
    timer_.expires_after(kTick);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto alive = weak.lock();
      if (!alive || error || alive->members_.empty()) return;
      const time_point now = std::chrono::steady_clock::now();
      alive->each([now](member& one) { one.on_time(now); });
      if (!alive->members_.empty()) alive->wait();
    });
  }

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  std::vector<std::shared_ptr<member>> members_;
};

}  // namespace uncork::http2::detail
