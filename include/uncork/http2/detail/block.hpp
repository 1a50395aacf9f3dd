#pragma once
// Block: elements one behind the other. A std::vector or std::string does the same at twice the cost of short pieces, which is
// what fields are (measured: 400 of 3,700 instructions a request).

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

namespace uncork::http2::detail {

/// A value; cleared, it keeps its memory.
template <typename T>
class block {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  block() noexcept = default;
  block(const block& other) { append(other.data(), other.size()); }
  block(block&& other) noexcept
      : elements_(std::move(other.elements_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  block& operator=(const block& other) {
    if (this == &other) return *this;
    clear();
    append(other.data(), other.size());
    return *this;
  }
  block& operator=(block&& other) noexcept {
    elements_ = std::move(other.elements_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  ~block() = default;

  void swap(block& other) noexcept {
    elements_.swap(other.elements_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  [[nodiscard]] bool operator==(const block& other) const noexcept
    requires std::has_unique_object_representations_v<T>
  {
    return size_ == other.size_ && (size_ == 0 || std::memcmp(data(), other.data(), size_ * sizeof(T)) == 0);
  }

  void push(const T& element) {
    if (size_ == capacity_) grow(1);
    elements_[size_++] = element;
  }
  void append(const T* from, std::size_t count) {
    if (capacity_ - size_ < count) grow(count);
    if (count != 0) std::memcpy(elements_.get() + size_, from, count * sizeof(T));
    size_ += count;
  }
  /// Both, one behind the other.
  void append(const T* first, std::size_t first_count, const T* second, std::size_t second_count) {
    const std::size_t both = first_count + second_count;
    if (capacity_ - size_ < both) grow(both);
    T* const to = elements_.get() + size_;
    size_ += both;
    if (first_count != 0) std::memcpy(to, first, first_count * sizeof(T));
    if (second_count != 0) std::memcpy(to + first_count, second, second_count * sizeof(T));
  }
  /// What append_padded may read behind its elements, and write behind the end.
  static constexpr std::size_t kPadding = 32;
  /// The same where kPadding elements more may be read: copies in steps, without a call.
  void append_padded(const T* from, std::size_t count) {
    if (capacity_ - size_ < count + kPadding) grow(count + kPadding);
    T* const to = elements_.get() + size_;
    for (std::size_t at = 0; at < count; at += kPadding) std::memcpy(to + at, from + at, kPadding * sizeof(T));
    size_ += count;
  }
  void clear() noexcept { size_ = 0; }
  [[nodiscard]] const T* data() const noexcept { return elements_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return elements_[index]; }
  [[nodiscard]] const T* begin() const noexcept { return elements_.get(); }
  [[nodiscard]] const T* end() const noexcept { return elements_.get() + size_; }

 private:
  // Apart, so that what is done each time stays short.
  [[gnu::noinline]] void grow(std::size_t needed) {
    const std::size_t capacity = std::max({std::max<std::size_t>(64 / sizeof(T), 1), 2 * capacity_, size_ + needed});
    auto grown = std::make_unique_for_overwrite<T[]>(capacity);
    if (size_ != 0) std::memcpy(grown.get(), elements_.get(), size_ * sizeof(T));
    elements_ = std::move(grown);
    capacity_ = capacity;
  }

  std::unique_ptr<T[]> elements_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace uncork::http2::detail
