#pragma once
// Frames of HTTP/2 (RFC 9113 4 and 6): headers, payloads that are read, frames that are written.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "uncork/http2/error.hpp"
#include "uncork/http2/types.hpp"

namespace uncork::http2 {

enum class FrameType : std::uint8_t {
  data = 0x0,
  headers = 0x1,
  priority = 0x2,
  rst_stream = 0x3,
  settings = 0x4,
  push_promise = 0x5,
  ping = 0x6,
  goaway = 0x7,
  window_update = 0x8,
  continuation = 0x9,
  priority_update = 0x10  ///< RFC 9218 7.1
};

namespace frame_flag {
inline constexpr std::uint8_t kEndStream = 0x1;   // DATA, HEADERS
inline constexpr std::uint8_t kAck = 0x1;         // SETTINGS, PING
inline constexpr std::uint8_t kEndHeaders = 0x4;  // HEADERS, CONTINUATION
inline constexpr std::uint8_t kPadded = 0x8;      // DATA, HEADERS
inline constexpr std::uint8_t kPriority = 0x20;   // HEADERS
}  // namespace frame_flag

enum class Setting : std::uint16_t {
  header_table_size = 0x1,
  enable_push = 0x2,
  max_concurrent_streams = 0x3,
  initial_window_size = 0x4,
  max_frame_size = 0x5,
  max_header_list_size = 0x6,
  enable_connect_protocol = 0x8,  ///< RFC 8441
  no_rfc7540_priorities = 0x9     ///< RFC 9218
};

inline constexpr std::size_t kFrameHeaderBytes = 9;
inline constexpr std::uint32_t kLeastMaxFrameSize = 16384;
inline constexpr std::uint32_t kMostMaxFrameSize = (1U << 24U) - 1;
inline constexpr std::uint32_t kMostWindow = (1U << 31U) - 1;
inline constexpr std::uint32_t kDefaultWindow = 65535;
inline constexpr stream_id kMostStreamId = (1U << 31U) - 1;

struct FrameHeader {
  std::uint32_t length = 0;  ///< of the payload
  std::uint8_t type = 0;     ///< perhaps none of frame_type: to be ignored (RFC 9113 5.5)
  std::uint8_t flags = 0;
  stream_id stream = 0;

  [[nodiscard]] bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  bool operator==(const FrameHeader&) const = default;
};

[[nodiscard]] inline std::uint32_t load_big_endian(byte_span bytes) noexcept {
  std::uint32_t value = 0;
  for (const std::byte byte : bytes) value = value << 8U | std::to_integer<std::uint32_t>(byte);
  return value;
}

/// Of exactly kFrameHeaderBytes. The reserved bit is ignored.
[[nodiscard]] inline FrameHeader read_frame_header(byte_span bytes) noexcept {
  return {load_big_endian(bytes.first(3)), std::to_integer<std::uint8_t>(bytes[3]), std::to_integer<std::uint8_t>(bytes[4]),
          load_big_endian(bytes.subspan(5, 4)) & kMostStreamId};
}

/// Takes padding, and the priority of HEADERS, off the payload of a whole DATA or HEADERS frame. Of a padded frame shorter than
/// its padding it is protocol_error; frame_size_error if even the fields that say so are not there (RFC 9113 6.1, 6.2).
[[nodiscard]] errc strip_padding(const FrameHeader& header, byte_span& payload) noexcept;

struct OneSetting {
  std::uint16_t id;  ///< perhaps none of setting: to be ignored (RFC 9113 6.5.2)
  std::uint32_t value;
};
inline constexpr std::size_t kSettingBytes = 6;
/// The setting at the beginning of `payload`, which has kSettingBytes at least.
[[nodiscard]] inline OneSetting read_setting(byte_span payload) noexcept {
  return {static_cast<std::uint16_t>(load_big_endian(payload.first(2))), load_big_endian(payload.subspan(2, 4))};
}

/// Each appends one frame.
void put_frame_header(const FrameHeader& header, byte_vector& into);
void put_data(stream_id stream, byte_span payload, bool end_stream, byte_vector& into);
void put_rst_stream(stream_id stream, errc code, byte_vector& into);
void put_settings(std::span<const OneSetting> settings, byte_vector& into);
void put_settings_ack(byte_vector& into);
void put_ping(const ping_payload& payload, bool ack, byte_vector& into);
void put_goaway(stream_id last, errc code, std::string_view debug, byte_vector& into);
void put_window_update(stream_id stream, std::uint32_t increment, byte_vector& into);

/// A field block that has been appended behind kFrameHeaderBytes of room, which began at `begin`: fills the header in, and cuts
/// what is longer than `max_frame_size` into CONTINUATIONs.
void finish_headers(stream_id stream, bool end_stream, std::size_t begin, std::uint32_t max_frame_size, byte_vector& into);

}  // namespace uncork::http2
