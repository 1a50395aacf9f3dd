#pragma once
// Operations that callers have started and that wait in a stream's queue.

#include <boost/asio/append.hpp>
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

/// A completion handler of some type, called once with `Results`: through its executor, never from within complete().
template <typename... Results>
class waiting {
 public:
  waiting() = default;
  waiting(const waiting&) = delete;
  waiting& operator=(const waiting&) = delete;
  virtual ~waiting() = default;
  virtual void complete(Results... results) = 0;
};

/// Hands a completion to the handler's executor (by default `executor`).
template <typename Executor, typename Handler, typename... Results>
void post_completion(const Executor& executor, Handler&& handler, Results... results) {
  boost::asio::post(executor, boost::asio::append(std::forward<Handler>(handler), std::move(results)...));
}

/// Keeps the handler's executor busy for as long as it waits.
template <typename Executor, typename Handler, typename Base, typename... Results>
class waiting_handler : public Base {
 public:
  template <typename... Args>
  waiting_handler(const Executor& executor, Handler handler, Args&&... args)
      : Base(std::forward<Args>(args)...),
        executor_(executor),
        work_(boost::asio::get_associated_executor(handler, executor)),
        handler_(std::move(handler)) {}

  void complete(Results... results) override {
    boost::asio::get_associated_cancellation_slot(handler_).clear();
    post_completion(executor_, std::move(handler_), std::move(results)...);
    work_.reset();
  }

 private:
  Executor executor_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler, Executor>> work_;
  Handler handler_;
};

/// Lets the handler's cancellation slot, if it has one, call state->cancel_waiting(number) for as long as the state lives.
template <typename State, typename Handler>
void cancel_through_slot(const std::shared_ptr<State>& state, const Handler& handler, std::uint64_t number) {
  auto slot = boost::asio::get_associated_cancellation_slot(handler);
  if (!slot.is_connected()) return;
  slot.assign([weak = std::weak_ptr<State>(state), number](boost::asio::cancellation_type type) {
    const auto alive = weak.lock();
    if (alive && type != boost::asio::cancellation_type::none) alive->cancel_waiting(number);
  });
}

}  // namespace uncork::stream::detail
