// A session of either side against any bytes, at any split: it takes all of them, holds little, writes only whole frames, and its
// owner's answers never make it fail.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "http2/session/preface.hpp"
#include "http2/session/session.hpp"

using namespace uncork::http2;

namespace {

/// What it sends must be frames that its peer would take.
void check_output(byte_vector& out, bool is_client, bool& is_preface_read) {
  byte_span rest = out;
  if (is_client && !is_preface_read) {
    if (rest.size() < kPreface.size()) return;
    rest = rest.subspan(kPreface.size());
    is_preface_read = true;
  }
  while (rest.size() >= kFrameHeaderBytes) {
    const FrameHeader header = read_frame_header(rest.first(kFrameHeaderBytes));
    if (header.length > kMostMaxFrameSize || rest.size() < kFrameHeaderBytes + header.length) std::abort();
    rest = rest.subspan(kFrameHeaderBytes + header.length);
  }
  if (!rest.empty()) std::abort();
  out.clear();
}

/// All that can be sent now. External bodies are zeros.
void send_all(Session& tested, byte_vector& out) {
  for (;;) {
    const byte_span sent = tested.gather();
    out.insert(out.end(), sent.begin(), sent.end());
    tested.sent(sent.size());
    const std::size_t size = tested.external().size;
    if (size == 0) return;
    out.resize(out.size() + size);
    tested.external_sent(size);
  }
}

fields message_of(const char* name, const char* value) {
  fields made;
  made.add(name, value);
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  byte_span input = std::as_bytes(std::span(data, size));
  if (input.size() < 2) return 0;
  const auto how = std::to_integer<unsigned>(input[0]);
  const std::size_t piece = 1 + std::to_integer<std::size_t>(input[1]) * 8;
  input = input.subspan(2);
  const bool is_client = (how & 1U) != 0;
  time_point now{std::chrono::hours(1)};
  Session tested(is_client ? Side::client : Side::server, {}, now);
  byte_vector bytes;
  if (!is_client && (how & 2U) != 0) {
    const byte_span preface = std::as_bytes(std::span(kPreface));
    bytes.assign(preface.begin(), preface.end());
  }
  if ((how & 4U) != 0) put_settings({}, bytes);
  bytes.insert(bytes.end(), input.begin(), input.end());
  if (is_client) {
    fields request = message_of(":method", (how & 8U) != 0 ? "HEAD" : "GET");
    request.add(":scheme", "http");
    request.add(":path", "/");
    for (int i = 0; i < 3; ++i) static_cast<void>(tested.open(request, (how & 16U) == 0));
  }
  byte_vector out;
  bool is_preface_read = false;
  const byte_vector body(30'000);
  for (byte_span rest = bytes; !rest.empty();) {
    byte_span part = rest.first(std::min(piece, rest.size()));
    rest = rest.subspan(part.size());
    while (!part.empty()) {
      while (const auto one = tested.next()) {
        const stream_id id = one->stream;
        if (one->what == Event::kind::data) tested.consume(id, one->data.size());
        if (one->what == Event::kind::reset) tested.release(id);
        if (one->what == Event::kind::message && !is_client) {
          tested.submit_headers(id, message_of(":status", "200"), false);
          if (id % 4 == 3) {
            tested.submit_external(id, id * 1'000, std::make_shared<external_body>());
          } else {
            static_cast<void>(tested.submit_data(id, byte_span(body).first(id % body.size()), (how & 32U) != 0));
          }
        }
        if (one->end_stream) {
          if ((how & 64U) != 0) tested.submit_trailers(id, message_of("a", "b"));
          tested.release(id);
        }
      }
      const std::size_t taken = tested.receive(part, now);
      if (taken == 0 || taken > part.size()) {
        if (taken != 0 || tested.next() == std::nullopt) std::abort();
      }
      part = part.subspan(taken);
    }
    if (tested.memory() > 2U << 20U) std::abort();
    send_all(tested, out);
    check_output(out, is_client, is_preface_read);
    now += std::chrono::milliseconds((how & 128U) != 0 ? 700 : 1);
    if (now >= tested.deadline()) tested.on_time(now);
  }
  return 0;
}
