#pragma once
// Where the thread that polls leaves its snapshots, and other threads find the last one.

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "collect/snapshot.hpp"

namespace uncork::collect {

/// Any thread.
class Board {
 public:
  /// Replaces the snapshot, and calls the listeners, one after the other.
  void publish(std::shared_ptr<const Snapshot> snapshot);

  /// Null before the first poll has ended.
  [[nodiscard]] std::shared_ptr<const Snapshot> latest() const;

  /// Called on the thread that publishes: it hands the word on to a thread of its own (asio::post), and never waits. It must
  /// be callable as long as the Board lives.
  void listen(std::function<void()> listener);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> latest_;
  std::vector<std::function<void()>> listeners_;
};

}  // namespace uncork::collect
