// Frames that cost the server more than the client, again and again: what RFC 9113 10.5 warns of, and the CVEs since.

#include <array>
#include <string>

#include "http2/audit/probe.hpp"
#include "http2/audit/writing.hpp"
#include "http2/hpack/integer.hpp"

namespace uncork::http2::audit {
namespace {

using enum Ends;

/// `close` of an open block: its last, empty CONTINUATION.
void end_block(const Subject& /*subject*/, byte_vector& into) {
  put_frame(FrameType::continuation, frame_flag::kEndHeaders, stream_of(0), {}, into);
}

void open_block(const Subject& subject, byte_vector& into) { put_open_block(subject, stream_of(0), into); }

void post_and_reset(const Subject& subject, std::uint32_t i, byte_vector& into) {
  put_request(subject, Method::post, stream_of(i), into);
  put_rst_stream(stream_of(i), errc::cancel, into);
}

void get_and_reset(const Subject& subject, std::uint32_t i, byte_vector& into) {
  put_request(subject, Method::get, stream_of(i), into);
  put_rst_stream(stream_of(i), errc::cancel, into);
}

void settings(const Subject& /*subject*/, std::uint32_t /*i*/, byte_vector& into) { put_settings({}, into); }

void ping(const Subject& /*subject*/, std::uint32_t /*i*/, byte_vector& into) { put_ping(ping_payload{}, false, into); }

void empty_continuation(const Subject& /*subject*/, std::uint32_t /*i*/, byte_vector& into) {
  put_frame(FrameType::continuation, 0, stream_of(0), {}, into);
}

/// One field of 126 bytes in a frame of 135: 2.7 MB in 20,000.
void long_continuation(const Subject& /*subject*/, std::uint32_t /*i*/, byte_vector& into) {
  byte_vector block;
  put_literal("x", std::string(122, 'v'), block);
  put_frame(FrameType::continuation, 0, stream_of(0), block, into);
}

/// A whole frame of one field whose value is Huffman-coded in the shortest codes: 5 bits a byte, `0` is 00000 (RFC 7541 B).
void huffman_continuation(const Subject& /*subject*/, std::uint32_t /*i*/, byte_vector& into) {
  constexpr std::uint32_t kCoded = kLeastMaxFrameSize - 9;
  static_assert(kCoded % 5 == 0);  // without padding
  byte_vector block = {std::byte{0}, std::byte{1}, std::byte{'x'}};
  put_integer(0x80, 7, kCoded, block);
  block.resize(block.size() + kCoded);
  put_frame(FrameType::continuation, 0, stream_of(0), block, into);
}

void open_post(const Subject& subject, byte_vector& into) { put_request(subject, Method::post, stream_of(0), into); }

void empty_data(const Subject& /*subject*/, std::uint32_t /*i*/, byte_vector& into) { put_data(stream_of(0), {}, false, into); }

void end_post(const Subject& /*subject*/, byte_vector& into) { put_data(stream_of(0), {}, true, into); }

void priority(const Subject& /*subject*/, std::uint32_t i, byte_vector& into) { put_priority(stream_of(i), 0, 5, into); }

void window_update(const Subject& /*subject*/, std::uint32_t /*i*/, byte_vector& into) { put_window_update(0, 1, into); }

// Those whose answers a server must queue are not read, as CVE-2019-9512 and 9515 do it: node bounds only that queue.
constexpr std::array kProbes = {
    Probe{.name = "rapid-reset", .what = "HEADERS, RST_STREAM", .unit = post_and_reset},
    Probe{.name = "rapid-reset-end", .what = "HEADERS with END_STREAM, RST_STREAM", .unit = get_and_reset},
    Probe{.name = "settings", .what = "SETTINGS", .unit = settings, .reads = false},
    Probe{.name = "ping", .what = "PING", .unit = ping, .reads = false},
    Probe{.name = "empty-continuation",
          .what = "empty CONTINUATION",
          .ends = stream,
          .open = open_block,
          .unit = empty_continuation,
          .close = end_block},
    Probe{.name = "long-continuation",
          .what = "CONTINUATION, 135 bytes each",
          .ends = stream,
          .open = open_block,
          .unit = long_continuation,
          .close = end_block},
    Probe{.name = "huffman-continuation",
          .what = "CONTINUATION, Huffman-coded",
          .ends = stream,
          .open = open_block,
          .unit = huffman_continuation,
          .close = end_block},
    Probe{.name = "empty-data", .what = "empty DATA", .ends = stream, .open = open_post, .unit = empty_data, .close = end_post},
    Probe{.name = "priority", .what = "PRIORITY", .unit = priority},
    Probe{.name = "window-update", .what = "WINDOW_UPDATE of 1", .unit = window_update}};

}  // namespace

std::span<const Probe> flood_probes() noexcept { return kProbes; }

}  // namespace uncork::http2::audit
