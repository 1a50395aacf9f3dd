#pragma once
// Where the rest of an answer comes from when there is room for it.

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "uncork/http2/external_body.hpp"

namespace uncork::http2::detail {

/// Gives the bytes of a body in order.
class body_source {
 public:
  body_source() = default;
  body_source(const body_source&) = delete;
  body_source& operator=(const body_source&) = delete;
  virtual ~body_source() = default;

  /// The next bytes, no more than `scratch` has, which they may lie in; nothing if they cannot be read.
  [[nodiscard]] virtual std::optional<std::span<const std::byte>> peek(std::span<std::byte> scratch) = 0;
  virtual void take(std::size_t bytes) noexcept = 0;
  [[nodiscard]] virtual std::uint64_t left() const noexcept = 0;
};

/// A text that others may hold too.
class text_source final : public body_source {
 public:
  explicit text_source(std::string text) : text_source(std::make_shared<const std::string>(std::move(text)), 0) {}
  /// From `taken` on.
  text_source(std::shared_ptr<const std::string> text, std::size_t taken) noexcept : text_(std::move(text)), taken_(taken) {}
  [[nodiscard]] std::optional<std::span<const std::byte>> peek(std::span<std::byte> scratch) override {
    const std::string_view rest = std::string_view(*text_).substr(taken_, scratch.size());
    return std::as_bytes(std::span(rest));
  }
  void take(std::size_t bytes) noexcept override { taken_ += bytes; }
  [[nodiscard]] std::uint64_t left() const noexcept override { return text_->size() - taken_; }

 private:
  std::shared_ptr<const std::string> text_;
  std::size_t taken_;
};

/// What of it could be read; nothing where it cannot, or is shorter than it was: the promised length cannot be kept.
[[nodiscard]] inline std::optional<std::span<const std::byte>> read_at(int descriptor, std::uint64_t offset,
                                                                       std::span<std::byte> into) {
  for (;;) {
    const ssize_t got = ::pread(descriptor, into.data(), into.size(), static_cast<off_t>(offset));
    if (got > 0) return into.first(static_cast<std::size_t>(got));
    if (got == 0 || errno != EINTR) return std::nullopt;
  }
}

/// A part of a file, read as it is sent: from the page cache that is a copy, and a cold file waits for the disk.
class file_part final : public body_source {
 public:
  /// Owns `descriptor`.
  file_part(int descriptor, std::uint64_t offset, std::uint64_t length) noexcept
      : descriptor_(descriptor), offset_(offset), left_(length) {}
  ~file_part() override { ::close(descriptor_); }

  [[nodiscard]] std::optional<std::span<const std::byte>> peek(std::span<std::byte> scratch) override {
    return read_at(descriptor_, offset_, scratch.first(static_cast<std::size_t>(std::min<std::uint64_t>(scratch.size(), left_))));
  }
  void take(std::size_t bytes) noexcept override {
    offset_ += bytes;
    left_ -= bytes;
  }
  [[nodiscard]] std::uint64_t left() const noexcept override { return left_; }

 private:
  int descriptor_;
  std::uint64_t offset_;
  std::uint64_t left_;
};

/// A part of a file that the kernel takes from the page cache itself.
class sent_file final : public external_body {
 public:
  /// Owns `descriptor`.
  sent_file(int descriptor, std::uint64_t offset) noexcept : descriptor_(descriptor), offset_(static_cast<off_t>(offset)) {}
  ~sent_file() override { ::close(descriptor_); }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Where the next byte is; who sends advances it.
  [[nodiscard]] off_t& offset() noexcept { return offset_; }

 private:
  int descriptor_;
  off_t offset_;
};

}  // namespace uncork::http2::detail
