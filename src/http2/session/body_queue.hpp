#pragma once
// The bytes of a body that wait to be framed.

#include <cstddef>

#include "http2/frame.hpp"

namespace uncork::http2 {

/// First in, first out. Empty, it keeps kMostKept bytes of memory at most: a hundred streams that rest between two messages must
/// not hold a hundred full queues. A value.
class BodyQueue {
 public:
  static constexpr std::size_t kMostKept = 4096;

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - taken_; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] byte_span front(std::size_t most) const noexcept {
    const byte_span all = byte_span(bytes_).subspan(taken_);
    return all.first(all.size() < most ? all.size() : most);
  }
  void append(byte_span bytes) {
    if (taken_ != 0 && bytes_.size() + bytes.size() > bytes_.capacity()) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_));
      taken_ = 0;
    }
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void take(std::size_t count) noexcept {
    taken_ += count;
    if (taken_ != bytes_.size()) return;
    if (bytes_.capacity() > kMostKept) return clear();
    bytes_.clear();
    taken_ = 0;
  }
  void clear() noexcept {
    if (bytes_.capacity() == 0) return;
    bytes_ = byte_vector();  // not {}, which keeps the memory
    taken_ = 0;
  }
  [[nodiscard]] std::size_t memory() const noexcept { return bytes_.capacity(); }

 private:
  byte_vector bytes_;
  std::size_t taken_ = 0;
};

}  // namespace uncork::http2
