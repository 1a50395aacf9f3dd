#pragma once
// Frames on a byte stream: eight bytes of header, then the payload. Without I/O.

#include <array>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace uncork::stream {

/// What a frame is. The low 16 bits are the user's; above them stands what zrepl's layers use (internal/rpc/dataconn: the
/// types of its frameconn, heartbeatconn and stream), so that the two can talk. No other value is valid.
enum class frame_type : std::uint32_t {
  stream_error = 1U << 16,  ///< of zrepl's stream layer: the source failed; the payload says why
  stream_end = 1U << 17,    ///< of zrepl's stream layer: the end of one stream of frames
  heartbeat = 1U << 24,     ///< a sign of life; no payload
  shutdown = 1U << 28       ///< nothing more will come; no payload
};

[[nodiscard]] constexpr bool is_user_type(frame_type type) noexcept { return static_cast<std::uint32_t>(type) <= 0xFFFFU; }

/// Whether the type is one of the user's or one that is defined above.
[[nodiscard]] constexpr bool is_known_type(frame_type type) noexcept {
  return is_user_type(type) || type == frame_type::stream_error || type == frame_type::stream_end ||
         type == frame_type::heartbeat || type == frame_type::shutdown;
}

/// One whole frame.
struct frame {
  frame_type type{};
  std::vector<std::byte> payload;

  bool operator==(const frame&) const = default;
};

inline constexpr std::size_t kFrameHeaderSize = 8;

/// The header of a frame: its type, then the bytes of payload that follow, each as four bytes, big endian.
[[nodiscard]] std::array<std::byte, kFrameHeaderSize> encode_frame_header(frame_type type, std::uint32_t payload_size) noexcept;

/// Cuts a stream of bytes into frames. It takes bytes at any split, keeps at most one unfinished frame, and gives out a frame
/// with its last byte. A value; not thread-safe.
class frame_decoder {
 public:
  /// Refuses payloads of more than `most_payload` bytes.
  explicit frame_decoder(std::uint32_t most_payload) noexcept : most_payload_(most_payload) {}

  /// What decode() did. Either a frame is complete, or there is an error, or all bytes were consumed.
  struct step {
    std::size_t consumed = 0;
    std::optional<frame> complete;
    boost::system::error_code error;
  };

  /// Takes bytes up to the end of the next frame and no further. The errors are unknown_frame, unexpected_payload and
  /// frame_too_long, known with the header's last byte; none can be recovered from: every later call gives it again and
  /// takes nothing.
  [[nodiscard]] step decode(std::span<const std::byte> bytes);

  /// Bytes from the stream's beginning to the first byte of the frame under way or awaited; after an error, of the bad one.
  [[nodiscard]] std::uint64_t frame_start() const noexcept { return frame_start_; }
  /// Whether some bytes of a frame have come and others not: if the stream ends now, it was cut short.
  [[nodiscard]] bool inside_frame() const noexcept { return header_size_ != 0; }

 private:
  void take_header(std::span<const std::byte> bytes, std::size_t& consumed);
  void judge_header();

  std::uint32_t most_payload_;
  std::array<std::byte, kFrameHeaderSize> header_{};
  std::size_t header_size_ = 0;  // bytes of it that have come
  std::uint32_t payload_size_ = 0;
  frame frame_;
  std::uint64_t frame_start_ = 0;
  boost::system::error_code error_;
};

}  // namespace uncork::stream
