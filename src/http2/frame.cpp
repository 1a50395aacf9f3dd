#include "http2/frame.hpp"

#include <algorithm>
#include <array>

namespace uncork::http2 {
namespace {

template <std::size_t Bytes>
void put_big_endian(std::uint32_t value, byte_vector& into) {
  for (std::size_t i = Bytes; i-- > 0;) into.push_back(static_cast<std::byte>(value >> 8 * i));
}

std::uint32_t size32(std::size_t size) noexcept { return static_cast<std::uint32_t>(size); }

void write_header(const FrameHeader& header, std::byte* at) noexcept {
  at[0] = static_cast<std::byte>(header.length >> 16U);
  at[1] = static_cast<std::byte>(header.length >> 8U);
  at[2] = static_cast<std::byte>(header.length);
  at[3] = static_cast<std::byte>(header.type);
  at[4] = static_cast<std::byte>(header.flags);
  at[5] = static_cast<std::byte>(header.stream >> 24U);
  at[6] = static_cast<std::byte>(header.stream >> 16U);
  at[7] = static_cast<std::byte>(header.stream >> 8U);
  at[8] = static_cast<std::byte>(header.stream);
}

}  // namespace

errc strip_padding(const FrameHeader& header, byte_span& payload) noexcept {
  std::size_t padding = 0;
  if (header.has(frame_flag::kPadded)) {
    if (payload.empty()) return errc::frame_size_error;
    padding = std::to_integer<std::size_t>(payload.front());
    payload = payload.subspan(1);
  }
  constexpr std::size_t kPriorityBytes = 5;
  if (header.type == static_cast<std::uint8_t>(FrameType::headers) && header.has(frame_flag::kPriority)) {
    if (payload.size() < kPriorityBytes) return errc::frame_size_error;
    payload = payload.subspan(kPriorityBytes);
  }
  if (padding > payload.size()) return errc::protocol_error;
  payload = payload.first(payload.size() - padding);
  return errc::no_error;
}

void put_frame_header(const FrameHeader& header, byte_vector& into) {
  const std::size_t at = into.size();
  into.resize(at + kFrameHeaderBytes);
  write_header(header, into.data() + at);
}

void put_data(stream_id stream, byte_span payload, bool end_stream, byte_vector& into) {
  const FrameHeader header{size32(payload.size()), static_cast<std::uint8_t>(FrameType::data),
                           end_stream ? frame_flag::kEndStream : std::uint8_t{0}, stream};
  std::array<std::byte, 64> whole{};  // of a short one, whose bytes would else be written twice: resize() zeroes them
  if (payload.size() <= whole.size() - kFrameHeaderBytes) {
    write_header(header, whole.data());
    std::ranges::copy(payload, whole.data() + kFrameHeaderBytes);
    into.insert(into.end(), whole.data(), whole.data() + kFrameHeaderBytes + payload.size());
    return;
  }
  put_frame_header(header, into);
  into.insert(into.end(), payload.begin(), payload.end());
}

void put_rst_stream(stream_id stream, errc code, byte_vector& into) {
  put_frame_header({4, static_cast<std::uint8_t>(FrameType::rst_stream), 0, stream}, into);
  put_big_endian<4>(static_cast<std::uint32_t>(code), into);
}

void put_settings(std::span<const OneSetting> settings, byte_vector& into) {
  put_frame_header({size32(settings.size() * kSettingBytes), static_cast<std::uint8_t>(FrameType::settings), 0, 0}, into);
  for (const OneSetting& one : settings) {
    put_big_endian<2>(one.id, into);
    put_big_endian<4>(one.value, into);
  }
}

void put_settings_ack(byte_vector& into) {
  put_frame_header({0, static_cast<std::uint8_t>(FrameType::settings), frame_flag::kAck, 0}, into);
}

void put_ping(const ping_payload& payload, bool ack, byte_vector& into) {
  put_frame_header(
      {size32(payload.size()), static_cast<std::uint8_t>(FrameType::ping), ack ? frame_flag::kAck : std::uint8_t{0}, 0}, into);
  into.insert(into.end(), payload.begin(), payload.end());
}

void put_goaway(stream_id last, errc code, std::string_view debug, byte_vector& into) {
  put_frame_header({size32(8 + debug.size()), static_cast<std::uint8_t>(FrameType::goaway), 0, 0}, into);
  put_big_endian<4>(last, into);
  put_big_endian<4>(static_cast<std::uint32_t>(code), into);
  const auto* bytes = reinterpret_cast<const std::byte*>(debug.data());
  into.insert(into.end(), bytes, bytes + debug.size());
}

void put_window_update(stream_id stream, std::uint32_t increment, byte_vector& into) {
  put_frame_header({4, static_cast<std::uint8_t>(FrameType::window_update), 0, stream}, into);
  put_big_endian<4>(increment, into);
}

void finish_headers(stream_id stream, bool end_stream, std::size_t begin, std::uint32_t max_frame_size, byte_vector& into) {
  const std::uint8_t end = end_stream ? frame_flag::kEndStream : std::uint8_t{0};
  const std::size_t length = into.size() - begin - kFrameHeaderBytes;
  const std::size_t first = std::min<std::size_t>(length, max_frame_size);
  const bool is_whole = first == length;
  write_header({size32(first), static_cast<std::uint8_t>(FrameType::headers),
                static_cast<std::uint8_t>(end | (is_whole ? frame_flag::kEndHeaders : 0)), stream},
               into.data() + begin);
  if (is_whole) return;
  const byte_vector rest(into.begin() + static_cast<std::ptrdiff_t>(begin + kFrameHeaderBytes + first), into.end());
  into.resize(begin + kFrameHeaderBytes + first);
  for (byte_span left = rest; !left.empty();) {
    const byte_span piece = left.first(std::min<std::size_t>(left.size(), max_frame_size));
    left = left.subspan(piece.size());
    put_frame_header({size32(piece.size()), static_cast<std::uint8_t>(FrameType::continuation),
                      left.empty() ? frame_flag::kEndHeaders : std::uint8_t{0}, stream},
                     into);
    into.insert(into.end(), piece.begin(), piece.end());
  }
}

}  // namespace uncork::http2
