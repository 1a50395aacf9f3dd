#pragma once
// Operations that callers have started and that wait in a stream's queue.

#include <boost/asio/append.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <utility>

namespace uncork::stream::detail {

template <typename Operation>
class waiting_ptr;

/// A completion handler of some type, called once with `Results`: through its executor, never from within complete(). Held by a
/// waiting_ptr.
template <typename... Results>
class waiting {
 public:
  waiting() = default;
  waiting(const waiting&) = delete;
  waiting& operator=(const waiting&) = delete;
  virtual ~waiting() = default;

 private:
  template <typename Operation>
  friend class waiting_ptr;
  /// Both free the operation, which lies in memory of the handler's allocator.
  virtual void complete(Results... results) = 0;
  virtual void destroy() noexcept = 0;
};

/// Owns an operation until it is completed or dropped.
template <typename Operation>
class waiting_ptr {
 public:
  waiting_ptr() = default;
  explicit waiting_ptr(Operation* operation) noexcept : operation_(operation) {}
  template <typename Derived>
  waiting_ptr(waiting_ptr<Derived>&& other) noexcept : operation_(other.release()) {}
  waiting_ptr(waiting_ptr&& other) noexcept : operation_(other.release()) {}
  waiting_ptr& operator=(waiting_ptr&& other) noexcept {
    const waiting_ptr dropped(std::exchange(operation_, other.release()));
    return *this;
  }
  ~waiting_ptr() {
    if (operation_ != nullptr) operation_->destroy();
  }

  /// Once: there is no operation afterwards.
  template <typename... Results>
  void complete(Results&&... results) {
    release()->complete(std::forward<Results>(results)...);
  }
  [[nodiscard]] Operation* release() noexcept { return std::exchange(operation_, nullptr); }
  [[nodiscard]] Operation* operator->() const noexcept { return operation_; }
  [[nodiscard]] explicit operator bool() const noexcept { return operation_ != nullptr; }

 private:
  Operation* operation_ = nullptr;
};

/// Hands a completion to the handler's executor (by default `executor`).
template <typename Executor, typename Handler, typename... Results>
void post_completion(const Executor& executor, Handler&& handler, Results... results) {
  boost::asio::post(executor, boost::asio::append(std::forward<Handler>(handler), std::move(results)...));
}

/// Keeps the handler's executor busy for as long as it waits. Made by make(), in memory of the handler's allocator, which is
/// given back before the handler is called.
template <typename Executor, typename Handler, typename Base, typename... Results>
class waiting_handler : public Base {
 public:
  ~waiting_handler() override = default;

  template <typename... Args>
  static waiting_ptr<Base> make(const Executor& executor, Handler handler, Args&&... args) {
    allocator memory(boost::asio::get_associated_allocator(handler));
    waiting_handler* at = memory_of::allocate(memory, 1);
    try {
      return waiting_ptr<Base>(new (at) waiting_handler(executor, std::move(handler), std::forward<Args>(args)...));
    } catch (...) {
      memory_of::deallocate(memory, at, 1);
      throw;
    }
  }

 private:
  using allocator =
      typename std::allocator_traits<boost::asio::associated_allocator_t<Handler>>::template rebind_alloc<waiting_handler>;
  using memory_of = std::allocator_traits<allocator>;

  template <typename... Args>
  waiting_handler(const Executor& executor, Handler handler, Args&&... args)
      : Base(std::forward<Args>(args)...),
        executor_(executor),
        work_(boost::asio::get_associated_executor(handler, executor)),
        handler_(std::move(handler)) {}

  void complete(Results... results) override {
    boost::asio::get_associated_cancellation_slot(handler_).clear();
    const auto executor = std::move(executor_);
    const auto work = std::move(work_);
    Handler handler = std::move(handler_);
    destroy_with(handler);
    post_completion(executor, std::move(handler), std::move(results)...);
  }
  void destroy() noexcept override {
    const Handler handler = std::move(handler_);  // outlives the memory that came from its allocator
    destroy_with(handler);
  }
  void destroy_with(const Handler& handler) noexcept {
    allocator memory(boost::asio::get_associated_allocator(handler));
    this->~waiting_handler();
    memory_of::deallocate(memory, this, 1);
  }

  Executor executor_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler, Executor>> work_;
  Handler handler_;
};

}  // namespace uncork::stream::detail
