#pragma once
// Polls on their way into the store: those that it refuses are kept, and tried again in order.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "record/row.hpp"
#include "record/texts.hpp"
#include "sink/store/store.hpp"

namespace uncork::collect {

/// Polls and their rows.
struct PollTally {
  std::uint64_t polls = 0;
  std::uint64_t rows = 0;
  bool operator==(const PollTally&) const = default;
  [[nodiscard]] bool empty() const { return polls == 0; }
};

/// `3 polls (1200 rows)`.
[[nodiscard]] std::string to_string(const PollTally& tally);

struct KeeperStats {
  PollTally waiting;  ///< in memory
  PollTally dropped;  ///< to make room, since the start
};

/// Between the thread that polls and its store, which may be full, unwritable or locked for a while. Copies what it keeps; when
/// that has more than `most_bytes`, the oldest polls go, and are counted; the newest stays. One thread.
class Keeper {
 public:
  static constexpr std::size_t kMostBytes = 64 << 20;

  explicit Keeper(std::unique_ptr<sink::Store> store, std::size_t most_bytes = kMostBytes)
      : store_(std::move(store)), most_bytes_(most_bytes) {}

  /// Stores those that wait, the oldest first, then this one; the error is the store's own, and the poll is kept then.
  [[nodiscard]] core::Status add(const sink::Poll& poll);
  /// Once more, at the end.
  [[nodiscard]] core::Status flush();

  [[nodiscard]] KeeperStats stats() const;
  /// What a person should know, once: what the store noticed, that polls which waited are stored, the first that was dropped.
  [[nodiscard]] std::vector<std::string> take_messages();

 private:
  struct Kept;
  [[nodiscard]] core::Status store_waiting(std::size_t most);
  void keep(const sink::Poll& poll);
  void make_room();

  std::unique_ptr<sink::Store> store_;
  std::size_t most_bytes_;
  std::deque<std::shared_ptr<const Kept>> waiting_;
  std::size_t bytes_ = 0;  // of those
  PollTally waiting_tally_;
  PollTally dropped_;
  PollTally late_;  // stored since the trouble began, after they had waited
  bool is_drop_told_ = false;
  std::vector<std::string> messages_;
};

}  // namespace uncork::collect
