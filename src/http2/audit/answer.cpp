#include "http2/audit/answer.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace uncork::http2::audit {
namespace {

// Nothing larger was announced, so that nothing larger may come.
constexpr std::uint32_t kMostFrame = kLeastMaxFrameSize;
// A server's fields are not what is on trial here.
constexpr field_limits kFieldLimits{.most_fields = 10'000, .most_bytes = 1U << 20U};
constexpr std::size_t kMostBlock = std::size_t{1} << 20U;

constexpr std::uint8_t number(FrameType type) noexcept { return static_cast<std::uint8_t>(type); }

}  // namespace

void Answer::fail(std::string why) {
  if (fault_.empty()) fault_ = std::move(why);
}

void Answer::take(byte_span bytes) {
  if (!fault_.empty()) return;
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  byte_span left = pending_;
  while (left.size() >= kFrameHeaderBytes && fault_.empty()) {
    const FrameHeader header = read_frame_header(left);
    // RFC 9113 3.4: the first frame is SETTINGS; an answer in HTTP/1.1 is seen here. Some say why they go before anything else.
    const bool may_be_first = header.type == number(FrameType::settings) || header.type == number(FrameType::goaway);
    if (!has_settings_ && (!may_be_first || header.stream != 0)) return fail("its first frame is not SETTINGS");
    if (header.length > kMostFrame)
      return fail("a frame of " + std::to_string(header.length) + " bytes came, more than was allowed");
    if (left.size() < kFrameHeaderBytes + header.length) break;
    take_frame(header, left.subspan(kFrameHeaderBytes, header.length));
    left = left.subspan(kFrameHeaderBytes + header.length);
  }
  pending_.erase(pending_.begin(), pending_.end() - static_cast<std::ptrdiff_t>(left.size()));
}

void Answer::take_frame(const FrameHeader& header, byte_span payload) {
  switch (static_cast<FrameType>(header.type)) {
    case FrameType::settings:
      return take_settings(header, payload);
    case FrameType::headers:
    case FrameType::continuation:
      return take_header_block(header, payload);
    case FrameType::data: {
      if (strip_padding(header, payload) != errc::no_error) return fail("DATA shorter than its padding came");
      StreamAnswer& stream = streams_[header.stream];
      stream.body_bytes += payload.size();
      if (header.has(frame_flag::kEndStream)) stream.is_ended = true;
      return;
    }
    case FrameType::rst_stream: {
      if (payload.size() != 4) return fail("RST_STREAM of a wrong length came");
      const std::uint32_t code = load_big_endian(payload);
      streams_[header.stream].reset = code;
      ++resets_by_code_[code];
      ++resets_;
      return;
    }
    case FrameType::ping:
      if (payload.size() != last_pong_.size()) return fail("PING of a wrong length came");
      if (!header.has(frame_flag::kAck)) return;
      std::ranges::copy(payload, last_pong_.begin());
      has_any_pong_ = true;
      return;
    case FrameType::goaway:
      if (payload.size() < 8) return fail("GOAWAY of a wrong length came");
      if (!goaway_) goaway_ = load_big_endian(payload.subspan(4, 4));
      return;
    default:  // of no interest, or to be ignored (RFC 9113 5.5)
      return;
  }
}

void Answer::take_settings(const FrameHeader& header, byte_span payload) {
  if (header.has(frame_flag::kAck)) return;
  if (payload.size() % kSettingBytes != 0) return fail("SETTINGS of a wrong length came");
  has_settings_ = true;
  ++unacknowledged_;
  for (; !payload.empty(); payload = payload.subspan(kSettingBytes)) {
    const OneSetting one = read_setting(payload);
    if (one.id == static_cast<std::uint16_t>(Setting::header_table_size)) table_bytes_ = one.value;
  }
}

void Answer::take_header_block(const FrameHeader& header, byte_span payload) {
  if (header.type == number(FrameType::headers)) {
    if (strip_padding(header, payload) != errc::no_error) return fail("HEADERS shorter than their padding came");
    block_.clear();
    block_of_ = header;
  }
  if (block_.size() + payload.size() > kMostBlock) return fail("a field block of more than 1 MiB came");
  block_.insert(block_.end(), payload.begin(), payload.end());
  if (header.has(frame_flag::kEndHeaders)) end_block();
}

void Answer::end_block() {
  fields_.clear();
  if (decoder_.decode(block_, kFieldLimits, fields_).error != errc::no_error)
    return fail("a field block came that cannot be decoded");
  StreamAnswer& stream = streams_[block_of_.stream];
  if (block_of_.has(frame_flag::kEndStream)) stream.is_ended = true;
  const std::string_view text = fields_.value_or_empty(known_field::status);
  unsigned status = 0;
  std::from_chars(text.data(), text.data() + text.size(), status);
  if (status >= 200) stream.status = status;
}

StreamAnswer Answer::stream(stream_id id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? StreamAnswer{} : found->second;
}

std::uint32_t Answer::most_frequent_reset() const noexcept {
  const auto most = std::ranges::max_element(resets_by_code_, {}, [](const auto& one) { return one.second; });
  return most == resets_by_code_.end() ? 0 : most->first;
}

}  // namespace uncork::http2::audit
