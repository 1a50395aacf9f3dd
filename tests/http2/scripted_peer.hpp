#pragma once
// A session under test, its peer as a script of frames, and a clock that the test moves.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http2/frame.hpp"
#include "http2/hpack/decoder.hpp"
#include "http2/hpack/encoder.hpp"
#include "http2/session/preface.hpp"
#include "http2/session/session.hpp"
#include "tests/http2/bytes.hpp"

namespace uncork::http2::testing {

/// An event with copies of what it points to.
struct Told {
  Event::kind what;
  stream_id stream = 0;
  bool end_stream = false;
  errc code = errc::no_error;
  std::string data;
  std::vector<std::string> lines;  // of its message
  bool operator==(const Told&) const = default;
};

/// A frame as the peer reads it.
struct SeenFrame {
  FrameHeader header;
  byte_vector payload;
  [[nodiscard]] bool is(FrameType type) const { return header.type == static_cast<std::uint8_t>(type); }
  [[nodiscard]] errc code() const { return static_cast<errc>(load_big_endian(byte_span(payload).last(4))); }
};

using field_list = std::vector<std::pair<std::string, std::string>>;

inline fields made_of(const field_list& list) {
  fields made;
  for (const auto& [name, value] : list) made.add(name, value);
  return made;
}

inline field_list get(std::string_view path = "/") {
  return {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", std::string(path)}};
}
inline field_list post() { return {{":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}}; }

/// Stands for a file: its byte n is n modulo 251.
class NumberedBody : public external_body {
 public:
  void give(std::size_t count, byte_vector& to) {
    for (; count != 0; --count) to.push_back(byte_at(given_++));
  }
  static std::byte byte_at(std::uint64_t position) { return static_cast<std::byte>(position % 251); }

 private:
  std::uint64_t given_ = 0;
};

class ScriptedPeer {
 public:
  explicit ScriptedPeer(Side whose = Side::server, const options& chosen = {})
      : of_server_(whose == Side::server), tested(whose, chosen, now) {
    if (of_server_) raw(as_bytes(kPreface));
    settings({});
  }

  // What it sends.
  void raw(byte_span bytes) {
    take_events();
    while (!bytes.empty()) {
      const std::size_t taken = tested.receive(bytes, now);
      bytes = bytes.subspan(taken);
      take_events();
      if (taken == 0) {
        ADD_FAILURE() << "the session took nothing";
        return;
      }
    }
  }
  void frame(FrameType type, std::uint8_t flags, stream_id stream, byte_span payload = {}) {
    byte_vector bytes;
    put_frame_header({static_cast<std::uint32_t>(payload.size()), static_cast<std::uint8_t>(type), flags, stream}, bytes);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    raw(bytes);
  }
  void headers(stream_id stream, const field_list& list, bool end_stream = true) {
    byte_vector block;
    encoder.encode(made_of(list), block);
    const unsigned flags = frame_flag::kEndHeaders | (end_stream ? frame_flag::kEndStream : 0U);
    frame(FrameType::headers, static_cast<std::uint8_t>(flags), stream, block);
  }
  void data(stream_id stream, std::string_view body, bool end_stream = false) {
    frame(FrameType::data, end_stream ? frame_flag::kEndStream : std::uint8_t{0}, stream, as_bytes(body));
  }
  void settings(const std::vector<OneSetting>& list) {
    byte_vector bytes;
    put_settings(list, bytes);
    raw(bytes);
  }
  void set(Setting one, std::uint32_t value) { settings({{static_cast<std::uint16_t>(one), value}}); }
  void window_update(stream_id stream, std::uint32_t increment) {
    byte_vector bytes;
    put_window_update(stream, increment, bytes);
    raw(bytes);
  }
  void rst(stream_id stream, errc code = errc::cancel) {
    byte_vector bytes;
    put_rst_stream(stream, code, bytes);
    raw(bytes);
  }
  void pass(std::chrono::milliseconds time) {
    now += time;
    tested.on_time(now);
    take_events();
  }

  /// So many bytes at most of what is to be sent next come here; false if there are none.
  bool send(std::size_t most) {
    const byte_span out = tested.gather();
    if (const external_piece piece = tested.external(); out.empty() && piece.size != 0) {
      const std::size_t size = std::min(most, piece.size);
      dynamic_cast<NumberedBody&>(*piece.body).give(size, received_);
      tested.external_sent(size);
      return true;
    }
    const byte_span part = out.first(std::min(most, out.size()));
    received_.insert(received_.end(), part.begin(), part.end());
    tested.sent(part.size());
    take_events();
    return !part.empty();
  }
  /// The frames that the session has sent since the last call.
  std::vector<SeenFrame> frames() {
    while (send(1U << 20U)) {
    }
    std::vector<SeenFrame> all;
    byte_span rest = received_;
    if (!of_server_ && !is_preface_read_) {
      rest = rest.subspan(kPreface.size());
      is_preface_read_ = true;
    }
    while (rest.size() >= kFrameHeaderBytes) {
      const FrameHeader header = read_frame_header(rest.first(kFrameHeaderBytes));
      const byte_span payload = rest.subspan(kFrameHeaderBytes, header.length);
      all.push_back({header, {payload.begin(), payload.end()}});
      rest = rest.subspan(kFrameHeaderBytes + header.length);
    }
    EXPECT_TRUE(rest.empty()) << "half a frame";
    received_.clear();
    return all;
  }
  /// Those of one type.
  std::vector<SeenFrame> frames(FrameType type) {
    std::vector<SeenFrame> some;
    for (SeenFrame& one : frames()) {
      if (one.is(type)) some.push_back(std::move(one));
    }
    return some;
  }
  /// The code of the GOAWAY that it sends; nothing if there is none.
  std::optional<errc> goaway() {
    for (const SeenFrame& one : frames()) {
      if (one.is(FrameType::goaway)) return static_cast<errc>(load_big_endian(byte_span(one.payload).subspan(4, 4)));
    }
    return std::nullopt;
  }
  /// The code of the RST_STREAM of that stream; nothing if there is none.
  std::optional<errc> reset_of(stream_id stream) {
    for (const SeenFrame& one : frames()) {
      if (one.is(FrameType::rst_stream) && one.header.stream == stream) return one.code();
    }
    return std::nullopt;
  }
  std::vector<std::string> lines(const SeenFrame& one) {
    fields read;
    EXPECT_EQ(decoder.decode(one.payload, {}, read).error, errc::no_error);
    return lines_of(read);
  }
  /// Events since the last call.
  std::vector<Told> events() { return std::exchange(events_, {}); }
  std::vector<Told> events(Event::kind what) {
    std::vector<Told> some;
    for (Told& one : events()) {
      if (one.what == what) some.push_back(std::move(one));
    }
    return some;
  }

 private:
  void take_events() {
    while (const auto one = tested.next()) {
      Told copy{one->what,
                one->stream,
                one->end_stream,
                one->code,
                std::string(reinterpret_cast<const char*>(one->data.data()), one->data.size()),
                {}};
      if (one->message != nullptr) copy.lines = lines_of(*one->message);
      if (one->what == Event::kind::data && consumes) tested.consume(one->stream, one->data.size());
      events_.push_back(std::move(copy));
    }
  }

  bool of_server_;
  bool is_preface_read_ = false;
  byte_vector received_;
  std::vector<Told> events_;

 public:
  time_point now{std::chrono::hours(1)};
  bool consumes = true;
  Session tested;
  HpackEncoder encoder;
  HpackDecoder decoder;
};

inline fields ok() { return made_of({{":status", "200"}}); }

}  // namespace uncork::http2::testing
