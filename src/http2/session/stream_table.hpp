#pragma once
// The streams of a session by their ids.

#include <cstddef>
#include <memory>
#include <vector>

#include "http2/session/stream.hpp"

namespace uncork::http2 {

/// A hash table of open addressing: ids follow each other, so that they fill neighbouring slots. Streams that were taken out are
/// used again, with the memory of their fields. Pointers to a stream live until it is erased. What all of them hold is known
/// without a look at each, if recount() is told of changes.
class StreamTable {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Null if there is none.
  [[nodiscard]] Stream* find(stream_id id) const noexcept { return last_ != nullptr && last_->id == id ? last_ : search(id); }
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
  /// The memory of a stream's fields or queue has changed.
  void recount(Stream& s) noexcept {
    const std::size_t fields = s.message.capacity() + s.lent;
    const std::size_t all = fields + s.trailers.capacity() + s.queue.memory();
    fields_held_ += fields - s.fields_held;
    held_ += all - s.held;
    s.fields_held = fields;
    s.held = all;
  }
  /// Bytes of memory held by all streams, spare ones too, and the table.
  [[nodiscard]] std::size_t memory() const noexcept {
    return (slots_.capacity() + spare_.capacity()) * sizeof(slots_[0]) + (size_ + spare_.size()) * sizeof(Stream) + held_;
  }
  /// Bytes of it for fields that came.
  [[nodiscard]] std::size_t fields_memory() const noexcept { return fields_held_; }
  /// Gives back what is kept for streams to come.
  void drop_spare() noexcept {
    spare_.clear();
    fields_held_ -= spare_held_;
    held_ -= spare_held_;
    spare_held_ = 0;
  }

 private:
  [[nodiscard]] std::size_t home_of(stream_id id) const noexcept { return (id >> 1U) & (slots_.size() - 1); }
  [[nodiscard]] Stream* search(stream_id id) const noexcept;
  void put(std::unique_ptr<Stream> one) noexcept;
  void grow();
  void keep(std::unique_ptr<Stream> used);

  static constexpr std::size_t kMostSpare = 128;
  std::vector<std::unique_ptr<Stream>> slots_;  // a power of 2, or none; at most half full
  std::vector<std::unique_ptr<Stream>> spare_;
  mutable Stream* last_ = nullptr;  // that was found or inserted: it is asked for several times in a row
  std::size_t size_ = 0;
  // By all streams, spare ones too, so that it stays the same when one goes from use to spare and back.
  std::size_t fields_held_ = 0;
  std::size_t held_ = 0;
  std::size_t spare_held_ = 0;  // of both, by the spare ones, which have fields alone
};

}  // namespace uncork::http2
