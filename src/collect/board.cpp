#include "collect/board.hpp"

#include <utility>

namespace uncork::collect {

void Board::publish(std::shared_ptr<const Snapshot> snapshot) {
  std::vector<std::function<void()>> listeners;
  {
    const std::lock_guard lock(mutex_);
    latest_ = std::move(snapshot);
    listeners = listeners_;
  }
  for (const auto& listener : listeners) listener();
}

std::shared_ptr<const Snapshot> Board::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

void Board::listen(std::function<void()> listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
}

}  // namespace uncork::collect
