#pragma once
// Hands the rows of each poll to whoever subscribes, as protobuf, and never waits for a subscriber.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "record/buffer.hpp"
#include "record/protobuf.hpp"
#include "record/row.hpp"

namespace uncork::collect {

/// The rows of one poll. Never changed once it is handed on, and shared by all subscribers.
class RowBatch {
 public:
  [[nodiscard]] std::size_t rows() const { return ends_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }
  /// A message whose field 1 is the row as an XtcpFlatRecord.
  [[nodiscard]] std::string_view message(std::size_t row) const {
    const std::size_t begin = row == 0 ? 0 : ends_[row - 1];
    return std::string_view(bytes_).substr(begin, ends_[row] - begin);
  }

 private:
  friend class RowFeed;
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

/// One thread polls: begin_poll(), add(), end_poll(). Any others subscribe. Rows are encoded once, and only while there is a
/// subscriber.
///
/// A subscriber gets a poll as a whole or not at all. One that has not yet taken what came before gets the next only if both
/// together have at most `most_waiting` bytes; the rows of the others are counted as skipped. So a subscriber holds
/// `most_waiting` bytes or a single poll, and delays neither collection nor other subscribers.
class RowFeed {
  struct Shared;

 public:
  static constexpr std::size_t kMostSubscribers = 32;

  explicit RowFeed(std::size_t most_waiting = std::size_t{2} << 20U);

  /// What a subscriber holds; it unsubscribes when it goes. Any thread. Outlives the feed without harm.
  class Subscription {
   public:
    Subscription(std::shared_ptr<Shared> shared, std::function<void()> ready);
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription();
    /// The oldest poll that waits; null: none does.
    [[nodiscard]] std::shared_ptr<const RowBatch> take();
    /// Of this subscriber.
    [[nodiscard]] std::uint64_t skipped_rows() const;

   private:
    friend class RowFeed;
    std::shared_ptr<Shared> shared_;
    std::function<void()> ready_;
    std::deque<std::shared_ptr<const RowBatch>> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::uint64_t skipped_rows_ = 0;
    bool is_in_poll_ = false;  // it was there when the poll began
  };

  /// From the next poll that begins on. `ready` is called on the thread that polls, with a lock held, whenever a poll waits: it
  /// hands the word on (asio::post), and calls nothing here. Null: there are kMostSubscribers already.
  [[nodiscard]] std::shared_ptr<Subscription> subscribe(std::function<void()> ready);

  /// A poll begins now: before its sockets are looked at.
  void begin_poll();
  void add(const record::Row& row);
  void end_poll();

  struct Stats {
    std::size_t subscribers = 0;
    std::uint64_t taken_rows = 0;    ///< handed to subscribers, each counted for itself
    std::uint64_t skipped_rows = 0;  ///< lost to subscribers that were too slow, likewise
  };
  /// Since the feed began. Any thread.
  [[nodiscard]] Stats stats() const;

 private:
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<RowBatch> batch_;  // of the poll that is under way; null: nobody wants it
  std::size_t last_bytes_ = 0;       // how many the poll before had
  std::size_t last_rows_ = 0;
  record::Buffer row_;
  record::Varints varints_ = record::fastest_varints();
};

}  // namespace uncork::collect
