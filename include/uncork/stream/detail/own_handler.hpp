#pragma once
// A connection's own waits, and what becomes of them when the context ends.

#include <memory>
#include <utility>

namespace uncork::stream::detail {

/// A completion handler of the connection's own, which keeps it alive. If the context ends with it uncalled, nobody will ever
/// complete what callers wait for, and their handlers may own the stream: they are destroyed as well, or nobody would be.
template <typename Connection, typename... Results>
class own_handler {
 public:
  using function = void (Connection::*)(Results...);
  own_handler(std::shared_ptr<Connection> connection, function then) : connection_(std::move(connection)), then_(then) {}
  own_handler(own_handler&&) noexcept = default;
  own_handler(const own_handler&) = delete;
  own_handler& operator=(const own_handler&) = delete;
  own_handler& operator=(own_handler&&) = delete;
  ~own_handler() {
    if (connection_) connection_->drop_waiting();
  }
  void operator()(Results... results) {
    const auto connection = std::move(connection_);
    ((*connection).*then_)(results...);
  }

 private:
  std::shared_ptr<Connection> connection_;
  function then_;
};

}  // namespace uncork::stream::detail
