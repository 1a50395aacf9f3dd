#pragma once
// The frames that a heartbeat_stream has still to write.

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "uncork/stream/detail/waiting.hpp"
#include "uncork/stream/frame.hpp"

namespace uncork::stream::detail {

/// A queue of frames, the first of which may be written in part. Payloads stay where their owners keep them.
class frame_outbox {
 public:
  using operation = waiting_ptr<waiting<boost::system::error_code>>;

  [[nodiscard]] bool empty() const noexcept { return frames_.empty(); }
  /// Whether some bytes of the first frame are written and others not: the one place where the stream must not be left.
  [[nodiscard]] bool inside_frame() const noexcept { return !frames_.empty() && frames_.front().started; }

  [[nodiscard]] bool starts_with(frame_type type) const noexcept { return !frames_.empty() && frames_.front().type == type; }

  void push(std::uint64_t number, frame_type type, std::vector<boost::asio::const_buffer> payload, operation waits) {
    frames_.emplace_back().set(number, type, std::move(payload), std::move(waits));
  }
  /// A frame of the stream's own that goes next; only when not inside one.
  void push_first(frame_type type) { frames_.emplace_front().set(0, type, {}, operation()); }

  /// Lets a heartbeat follow the first frame at once, if that is the only one; only when not inside it.
  void trail_if_alone() {
    outgoing& first = frames_.front();
    const bool wanted = frames_.size() == 1 && first.type != frame_type::heartbeat && first.type != frame_type::shutdown;
    if (wanted == std::exchange(first.trailed, wanted)) return;
    if (wanted) {
      first.trailer = encode_frame_header(frame_type::heartbeat, 0);
      first.parts.emplace_back(boost::asio::buffer(first.trailer));
    } else {  // another has come while the kernel refused this one
      first.parts.pop_back();
    }
  }

  /// What is left of the first frame; only when not empty.
  [[nodiscard]] std::span<const boost::asio::const_buffer> rest() const {
    return std::span(frames_.front().parts).subspan(frames_.front().done);
  }

  struct finished {
    frame_type type;
    bool trailed;  ///< by a heartbeat
    operation waits;
  };
  /// The first `count` bytes of rest() have been written. Gives the frame if that was all of it.
  std::unique_ptr<finished> wrote(std::size_t count) {
    outgoing& first = frames_.front();
    first.started = true;
    while (first.done < first.parts.size() && count >= first.parts[first.done].size()) count -= first.parts[first.done++].size();
    if (first.done < first.parts.size()) {
      first.parts[first.done] += count;
      return nullptr;
    }
    auto whole = std::make_unique<finished>(finished{first.type, first.trailed, std::move(first.waits)});
    frames_.pop_front();
    return whole;
  }

  /// Takes a frame back; nothing if it is not there, or begun.
  operation take_back(std::uint64_t number) {
    for (auto at = frames_.begin(); at != frames_.end(); ++at) {
      if (at->number != number || at->started || !at->waits) continue;
      operation waits = std::move(at->waits);
      frames_.erase(at);
      return waits;
    }
    return {};
  }

  /// Drops all frames; gives who waits for them, in order.
  std::vector<operation> clear() {
    std::vector<operation> all;
    for (outgoing& one : std::exchange(frames_, {})) {
      if (one.waits) all.push_back(std::move(one.waits));
    }
    return all;
  }

 private:
  struct outgoing {
    std::uint64_t number = 0;
    frame_type type{};
    std::array<std::byte, kFrameHeaderSize> header{};
    std::array<std::byte, kFrameHeaderSize> trailer{};  // of a heartbeat behind it
    bool trailed = false;
    std::vector<boost::asio::const_buffer> parts;  // the header, the payload, the trailer; those before `done` are written
    std::size_t done = 0;
    bool started = false;
    operation waits;

    void set(std::uint64_t its_number, frame_type its_type, std::vector<boost::asio::const_buffer> payload, operation its_waits) {
      number = its_number;
      type = its_type;
      header = encode_frame_header(type, static_cast<std::uint32_t>(boost::asio::buffer_size(payload)));
      parts = std::move(payload);
      parts.insert(parts.begin(), boost::asio::buffer(header));
      waits = std::move(its_waits);
    }
  };

  std::list<outgoing> frames_;  // a list: `parts` points into its element
};

}  // namespace uncork::stream::detail
