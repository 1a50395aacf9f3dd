#include "uncork/stream/frame.hpp"

#include <algorithm>
#include <utility>

#include "uncork/stream/error.hpp"

namespace uncork::stream {
namespace {

void put_big_endian(std::span<std::byte, 4> into, std::uint32_t value) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = static_cast<std::byte>(value >> (24U - 8U * i));
}

std::uint32_t big_endian(std::span<const std::byte, 4> bytes) {
  std::uint32_t value = 0;
  for (const std::byte byte : bytes) value = value << 8U | std::to_integer<std::uint32_t>(byte);
  return value;
}

}  // namespace

std::array<std::byte, kFrameHeaderSize> encode_frame_header(frame_type type, std::uint32_t payload_size) noexcept {
  std::array<std::byte, kFrameHeaderSize> header{};
  put_big_endian(std::span(header).first<4>(), static_cast<std::uint32_t>(type));
  put_big_endian(std::span(header).last<4>(), payload_size);
  return header;
}

void frame_decoder::take_header(std::span<const std::byte> bytes, std::size_t& consumed) {
  const std::size_t count = std::min(bytes.size(), kFrameHeaderSize - header_size_);
  std::copy_n(bytes.begin(), count, header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
  header_size_ += count;
  consumed += count;
  if (count != 0 && header_size_ == kFrameHeaderSize) judge_header();
}

void frame_decoder::judge_header() {
  frame_.type = static_cast<frame_type>(big_endian(std::span(header_).first<4>()));
  payload_size_ = big_endian(std::span(header_).last<4>());
  const bool empty_by_nature = frame_.type == frame_type::heartbeat || frame_.type == frame_type::shutdown;
  if (!is_known_type(frame_.type)) {
    error_ = errc::unknown_frame;
  } else if (empty_by_nature && payload_size_ != 0) {
    error_ = errc::unexpected_payload;
  } else if (payload_size_ > most_payload_) {
    error_ = errc::frame_too_long;
  } else {
    frame_.payload.reserve(payload_size_);  // the bound is what keeps a liar from costing more
  }
}

frame_decoder::step frame_decoder::decode(std::span<const std::byte> bytes) {
  step done;
  if (!error_) take_header(bytes, done.consumed);
  done.error = error_;
  if (error_ || header_size_ < kFrameHeaderSize) return done;
  const auto rest = bytes.subspan(done.consumed);
  const std::size_t count = std::min(rest.size(), payload_size_ - frame_.payload.size());
  frame_.payload.insert(frame_.payload.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(count));
  done.consumed += count;
  if (frame_.payload.size() == payload_size_) {
    frame_start_ += kFrameHeaderSize + payload_size_;
    header_size_ = 0;
    done.complete = std::exchange(frame_, {});
  }
  return done;
}

}  // namespace uncork::stream
