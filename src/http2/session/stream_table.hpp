#pragma once
// The streams of a session by their ids.

#include <cstddef>
#include <memory>
#include <vector>

#include "http2/session/stream.hpp"

namespace uncork::http2 {

/// A hash table of open addressing: ids follow each other, so that they fill neighbouring slots. Streams that were taken out are
/// used again, with the memory of their fields. Pointers to a stream live until it is erased.
class StreamTable {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Null if there is none.
  [[nodiscard]] Stream* find(stream_id id) const noexcept;
  /// Which must not be there yet.
  Stream& insert(stream_id id);
  void erase(stream_id id) noexcept;
  /// Calls `visit(stream&)` for each, in no order. It must neither insert nor erase.
  template <typename Visit>
  void each(const Visit& visit) const {
    for (const auto& slot : slots_) {
      if (slot) visit(*slot);
    }
  }
  /// Bytes of memory held by spare streams and slots.
  [[nodiscard]] std::size_t memory() const noexcept;

 private:
  [[nodiscard]] std::size_t home_of(stream_id id) const noexcept { return (id >> 1U) & (slots_.size() - 1); }
  void grow();

  static constexpr std::size_t kMostSpare = 128;
  std::vector<std::unique_ptr<Stream>> slots_;  // a power of 2, or none; at most half full
  std::vector<std::unique_ptr<Stream>> spare_;
  std::size_t size_ = 0;
};

}  // namespace uncork::http2
