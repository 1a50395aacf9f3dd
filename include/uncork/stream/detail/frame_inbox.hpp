#pragma once
// What a heartbeat_stream has read: bytes that are not decoded yet, and frames that nobody has taken yet.

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "uncork/stream/frame.hpp"
#include "uncork/stream/heartbeat_options.hpp"

namespace uncork::stream::detail {

/// Bounded: at most options.inbox_bound and one frame, one frame in the making, and options.read_size bytes.
class frame_inbox {
 public:
  explicit frame_inbox(const heartbeat_options& options)
      : bound_(options.inbox_bound),
        decoder_(options.most_payload),
        buffer_size_(options.read_size),
        buffer_(std::make_unique_for_overwrite<std::byte[]>(options.read_size)) {}

  /// Where to read to, when there is nothing undecoded.
  [[nodiscard]] boost::asio::mutable_buffer space() { return {buffer_.get(), buffer_size_}; }
  void filled(std::size_t count) { undecoded_ = std::span<const std::byte>(buffer_.get(), count); }

  [[nodiscard]] bool full() const noexcept { return !frames_.empty() && bytes_ >= bound_; }
  [[nodiscard]] bool has_undecoded() const noexcept { return !undecoded_.empty(); }
  [[nodiscard]] bool inside_frame() const noexcept { return decoder_.inside_frame(); }

  /// Decodes up to the end of the next frame.
  std::optional<frame> decode(boost::system::error_code& error) {
    auto step = decoder_.decode(undecoded_);
    undecoded_ = undecoded_.subspan(step.consumed);
    error = step.error;
    return std::move(step.complete);
  }

  [[nodiscard]] bool empty() const noexcept { return frames_.empty(); }
  void push(frame one) {
    bytes_ += cost(one);
    frames_.push_back(std::move(one));
  }
  frame pop() {
    frame one = std::move(frames_.front());
    frames_.pop_front();
    bytes_ -= cost(one);
    return one;
  }
  void clear() {
    frames_.clear();
    bytes_ = 0;
    undecoded_ = {};
  }

 private:
  static constexpr std::size_t kFrameCost = 64;  // so that a flood of empty frames is bounded too
  static std::size_t cost(const frame& one) { return one.payload.size() + kFrameCost; }

  std::size_t bound_;
  frame_decoder decoder_;
  std::size_t buffer_size_;
  std::unique_ptr<std::byte[]> buffer_;
  std::span<const std::byte> undecoded_;
  std::deque<frame> frames_;
  std::size_t bytes_ = 0;
};

}  // namespace uncork::stream::detail
