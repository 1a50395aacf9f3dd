#pragma once
// What a server has said to a probe, read from its bytes alone.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "http2/frame.hpp"
#include "http2/hpack/decoder.hpp"

namespace uncork::http2::audit {

/// What became of one request.
struct StreamAnswer {
  unsigned status = 0;  ///< 0: none yet; interim ones (1xx) do not count
  std::uint64_t body_bytes = 0;
  bool is_ended = false;
  std::optional<std::uint32_t> reset;  ///< with which code
};

/// Takes bytes in pieces of any size. Not thread-safe.
class Answer {
 public:
  void take(byte_span bytes);

  /// Why this is no HTTP/2: empty while it may be.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
  [[nodiscard]] bool has_settings() const noexcept { return has_settings_; }
  /// SETTINGS that nobody has acknowledged yet; the count goes back to 0.
  [[nodiscard]] unsigned take_settings_to_acknowledge() noexcept { return std::exchange(unacknowledged_, 0); }
  [[nodiscard]] std::uint32_t table_bytes() const noexcept { return table_bytes_; }
  /// The code of the first GOAWAY.
  [[nodiscard]] std::optional<std::uint32_t> goaway() const noexcept { return goaway_; }
  [[nodiscard]] bool has_pong(const ping_payload& of) const noexcept { return has_any_pong_ && last_pong_ == of; }
  /// That of a stream of which nothing was said is empty.
  [[nodiscard]] StreamAnswer stream(stream_id id) const;
  /// How many streams the server has reset, and the code that most had.
  [[nodiscard]] std::uint64_t resets() const noexcept { return resets_; }
  [[nodiscard]] std::uint32_t most_frequent_reset() const noexcept;

 private:
  void take_frame(const FrameHeader& header, byte_span payload);
  void take_settings(const FrameHeader& header, byte_span payload);
  void take_header_block(const FrameHeader& header, byte_span payload);
  void end_block();
  void fail(std::string why);

  byte_vector pending_;  // a frame of which not all has come
  byte_vector block_;
  FrameHeader block_of_;
  HpackDecoder decoder_;
  fields fields_;
  std::map<stream_id, StreamAnswer> streams_;
  std::map<std::uint32_t, std::uint64_t> resets_by_code_;
  std::string fault_;
  std::optional<std::uint32_t> goaway_;
  ping_payload last_pong_{};
  std::uint64_t resets_ = 0;
  std::uint32_t table_bytes_ = 4096;
  unsigned unacknowledged_ = 0;
  bool has_any_pong_ = false;
  bool has_settings_ = false;
};

}  // namespace uncork::http2::audit
