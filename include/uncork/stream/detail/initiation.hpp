#pragma once
// What the initiations of every stream's operations share.

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "uncork/stream/detail/waiting.hpp"

namespace uncork::stream::detail {

/// Holds what the stream and its operations share, and tells Asio its executor. State has get_executor(), next_number() and
/// cancel_waiting(number).
template <typename State>
class initiation {
 public:
  using executor_type = typename State::executor_type;
  explicit initiation(std::shared_ptr<State> shared) : state_(std::move(shared)) {}
  [[nodiscard]] executor_type get_executor() const noexcept { return state_->get_executor(); }

 protected:
  [[nodiscard]] State& state() const { return *state_; }

  /// The handler as an operation of type Base, made with `args`.
  template <typename Base, typename... Results, typename Handler, typename... Args>
  auto make_waiting(Handler&& handler, Args&&... args) const {
    return waiting_handler<executor_type, std::decay_t<Handler>, Base, Results...>::make(
        get_executor(), std::forward<Handler>(handler), std::forward<Args>(args)...);
  }

  /// Numbers an operation, and lets the handler's cancellation slot, if it has one, call cancel_waiting with that number for as
  /// long as the state lives. Every type of cancellation will do: what is cancelled has had no effect.
  template <typename Handler>
  std::uint64_t number(const Handler& handler) const {
    const std::uint64_t number = state_->next_number();
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (!slot.is_connected()) return number;
    slot.assign([weak = std::weak_ptr<State>(state_), number](boost::asio::cancellation_type type) {
      const auto alive = weak.lock();
      if (alive && type != boost::asio::cancellation_type::none) alive->cancel_waiting(number);
    });
    return number;
  }

 private:
  std::shared_ptr<State> state_;
};

/// Says in words what would else be a page of templates.
template <typename Token, typename Signature>
struct check_token {
  static_assert(boost::asio::completion_token_for<Token, Signature>,
                "this is no completion token for the operation: a handler must be callable with the arguments of the signature "
                "that is documented at the operation, such as void(error_code, std::size_t)");
};

}  // namespace uncork::stream::detail
