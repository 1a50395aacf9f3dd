#pragma once
// Where the bytes of an envelope gather.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace uncork::record {

/// Bytes that grow at the end, with room for a length in front of them, which is known last. Memory is kept when it is emptied:
/// once it has grown to its largest, it allocates no more. A resource.
class Buffer {
 public:
  /// What `put_front` can take.
  static constexpr std::size_t kFront = 16;

  Buffer() = default;
  explicit Buffer(std::size_t capacity) { grow(capacity); }

  /// At least `size` writable bytes after the last one; tell `end_at` how far they were written.
  [[nodiscard]] char* room(std::size_t size) {
    if (capacity_ - end_ < size) grow(end_ + size);
    return data_.get() + end_;
  }
  void end_at(const char* end) { end_ = static_cast<std::size_t>(end - data_.get()); }

  void put(std::string_view bytes) {
    if (bytes.empty()) return;
    char* const at = room(bytes.size());
    std::memcpy(at, bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  void put(char byte) {
    *room(1) = byte;
    ++end_;
  }
  void put_front(std::string_view bytes) {
    begin_ -= std::min(bytes.size(), begin_);
    std::memcpy(data_.get() + begin_, bytes.data(), bytes.size());
  }

  void set(std::size_t at, char byte) { data_[begin_ + at] = byte; }

  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::string_view view() const {
    return data_ ? std::string_view{data_.get() + begin_, size()} : std::string_view{};
  }
  /// Forgets what was put after the first `size` bytes.
  void cut(std::size_t size) { end_ = begin_ + std::min(size, this->size()); }
  void clear() { begin_ = end_ = kFront; }

 private:
  void grow(std::size_t capacity);

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = kFront;
  std::size_t begin_ = kFront;
  std::size_t end_ = kFront;
};

inline void Buffer::grow(std::size_t capacity) {
  capacity = std::max({capacity + kFront, capacity_ * 2, std::size_t{4096}});
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (data_) std::memcpy(larger.get() + begin_, data_.get() + begin_, size());
  data_ = std::move(larger);
  capacity_ = capacity;
}

}  // namespace uncork::record
