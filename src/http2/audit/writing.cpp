#include "http2/audit/writing.hpp"

#include <array>
#include <cassert>

#include "http2/hpack/integer.hpp"
#include "http2/session/preface.hpp"

namespace uncork::http2::audit {
namespace {

constexpr std::uint32_t kDefaultTableBytes = 4096;
// Windows must not be what stops a flood of requests whose answers have bodies.
constexpr std::uint32_t kConnectionWindowMore = 1U << 30U;

void put_bytes(std::string_view text, byte_vector& into) {
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  into.insert(into.end(), bytes, bytes + text.size());
}

void put_text(std::string_view text, byte_vector& into) {
  put_integer(0, 7, static_cast<std::uint32_t>(text.size()), into);
  put_bytes(text, into);
}

void put_named(std::uint32_t name_entry, std::string_view value, byte_vector& into) {
  put_integer(0, 4, name_entry, into);
  put_text(value, into);
}

}  // namespace

void put_indexed(std::uint32_t entry, byte_vector& into) { put_integer(0x80, 7, entry, into); }

void put_literal(std::string_view name, std::string_view value, byte_vector& into) {
  into.push_back(std::byte{0});
  put_text(name, into);
  put_text(value, into);
}

void put_request_fields(const Subject& subject, Method method, stream_id stream, byte_vector& into) {
  if (stream == stream_of(0) && subject.table_bytes < kDefaultTableBytes) put_integer(0x20, 5, subject.table_bytes, into);
  put_indexed(method == Method::get ? static_entry::kGet : static_entry::kPost, into);
  put_indexed(subject.is_tls ? static_entry::kHttps : static_entry::kHttp, into);
  if (subject.path == "/") {
    put_indexed(static_entry::kRootPath, into);
  } else {
    put_named(static_entry::kRootPath, subject.path, into);
  }
  put_named(static_entry::kAuthority, subject.authority, into);
}

void put_request(const Subject& subject, Method method, stream_id stream, byte_vector& into) {
  const std::size_t begin = into.size();
  into.resize(begin + kFrameHeaderBytes);
  put_request_fields(subject, method, stream, into);
  finish_headers(stream, method == Method::get, begin, kLeastMaxFrameSize, into);
}

void put_open_block(const Subject& subject, stream_id stream, byte_vector& into) {
  byte_vector block;
  put_request_fields(subject, Method::get, stream, block);
  put_frame(FrameType::headers, frame_flag::kEndStream, stream, block, into);
}

void put_frame(FrameType type, std::uint8_t flags, stream_id stream, byte_span payload, byte_vector& into) {
  put_frame_header({static_cast<std::uint32_t>(payload.size()), static_cast<std::uint8_t>(type), flags, stream}, into);
  into.insert(into.end(), payload.begin(), payload.end());
}

void put_priority(stream_id stream, stream_id depends_on, std::size_t bytes, byte_vector& into) {
  constexpr std::size_t kBytes = 5;
  const std::array<std::byte, kBytes> payload = {
      static_cast<std::byte>(depends_on >> 24U), static_cast<std::byte>(depends_on >> 16U),
      static_cast<std::byte>(depends_on >> 8U), static_cast<std::byte>(depends_on), std::byte{15}};
  assert(bytes <= kBytes);
  put_frame(FrameType::priority, 0, stream, byte_span(payload).first(bytes), into);
}

void put_opening(const Probe& probe, byte_vector& into) {
  if (!probe.sends_preface) return;
  put_bytes(kPreface, into);
  const std::array<OneSetting, 2> settings = {{{static_cast<std::uint16_t>(Setting::enable_push), 0},
                                               {static_cast<std::uint16_t>(Setting::initial_window_size), probe.initial_window}}};
  put_settings(settings, into);
  put_window_update(0, kConnectionWindowMore, into);
}

std::uint64_t count_frames(byte_span bytes) noexcept {
  std::uint64_t frames = 0;
  while (bytes.size() >= kFrameHeaderBytes) {
    const std::size_t size = kFrameHeaderBytes + read_frame_header(bytes).length;
    if (size > bytes.size()) break;
    bytes = bytes.subspan(size);
    ++frames;
  }
  return frames;
}

}  // namespace uncork::http2::audit
