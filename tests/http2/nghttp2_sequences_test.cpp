// Our server's session and libnghttp2's, fed the same random and damaged frames, one at a time: both go on or both end the
// connection, and tell the same messages. UNCORK_LONG=1 runs a hundred times as many.

#include <gmock/gmock.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;

/// libnghttp2's session: what it tells of each message, and whether the connection goes on. Each stream is answered when it ends.
class Theirs {
 public:
  Theirs() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
          static_cast<Theirs*>(self)->lines_.push_back(std::string(reinterpret_cast<const char*>(name), name_size) + ": " +
                                                       std::string(reinterpret_cast<const char*>(value), value_size));
          return 0;
        });
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, [](nghttp2_session*, const nghttp2_frame*, void* self) {
      static_cast<Theirs*>(self)->lines_.clear();
      return 0;
    });
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
      auto& me = *static_cast<Theirs*>(self);
      if (frame->hd.type == NGHTTP2_HEADERS) me.messages_.push_back(me.lines_);
      return 0;
    });
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
      auto& me = *static_cast<Theirs*>(self);
      if (frame->hd.type == NGHTTP2_GOAWAY) me.end(static_cast<errc>(frame->goaway.error_code));
      return 0;
    });
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, 0);
    nghttp2_option_set_builtin_recv_extension_type(options, NGHTTP2_PRIORITY_UPDATE);
    nghttp2_session_server_new2(&session_, callbacks, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100},
                                               {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  }
  Theirs(const Theirs&) = delete;
  Theirs& operator=(const Theirs&) = delete;
  ~Theirs() { nghttp2_session_del(session_); }

  void feed(byte_span bytes) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (nghttp2_session_mem_recv(session_, at, bytes.size()) < 0) end(errc::internal_error);
    const std::uint8_t* piece = nullptr;
    while (nghttp2_session_mem_send(session_, &piece) > 0) {
    }
  }
  [[nodiscard]] bool is_over() const { return code_ != errc::no_error; }
  [[nodiscard]] errc code() const { return code_; }
  std::vector<std::vector<std::string>> messages() { return std::exchange(messages_, {}); }

 private:
  void end(errc code) {
    if (!is_over()) code_ = code;
  }

  nghttp2_session* session_ = nullptr;
  errc code_ = errc::no_error;
  std::vector<std::string> lines_;
  std::vector<std::vector<std::string>> messages_;
};

class Ours {
 public:
  void feed(byte_span bytes) {
    while (!bytes.empty()) {
      bytes = bytes.subspan(session_.receive(bytes, time_point()));
      while (const auto one = session_.next()) {
        if (one->what == Event::kind::ended) code_ = one->code;
        if (one->message != nullptr) messages_.push_back(lines_of(*one->message));
        if (one->what == Event::kind::data) session_.consume(one->stream, one->data.size());
      }
    }
    session_.sent(session_.gather().size());
  }
  [[nodiscard]] bool is_over() const { return session_.is_over(); }
  [[nodiscard]] errc code() const { return code_; }
  std::vector<std::vector<std::string>> messages() { return std::exchange(messages_, {}); }

 private:
  Session session_{Side::server, {}, time_point()};
  errc code_ = errc::no_error;
  std::vector<std::vector<std::string>> messages_;
};

/// A client that mostly keeps the rules.
class Client {
 public:
  explicit Client(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool once_in(std::size_t times) { return below(times) == 0; }

  byte_vector next() {
    byte_vector frame;
    const stream_id some = once_in(10) ? static_cast<stream_id>(below(30)) : static_cast<stream_id>(1 + 2 * below(1 + next_ / 2));
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
        headers(frame, once_in(8) ? some : std::exchange(next_, next_ + 2), false);
        break;
      case 3:
        headers(frame, some, true);
        break;
      case 4:
      case 5:
        put_data(some, byte_vector(below(200)), once_in(3), frame);
        break;
      case 6:
        put_window_update(once_in(2) ? 0 : some,
                          static_cast<std::uint32_t>(once_in(20)   ? 0
                                                     : once_in(20) ? kMostWindow
                                                                   : below(5000)),
                          frame);
        break;
      case 7:
        put_rst_stream(some, static_cast<errc>(below(14)), frame);
        break;
      case 8:
        put_settings(std::vector<OneSetting>{{static_cast<std::uint16_t>(1 + below(9)),
                                              static_cast<std::uint32_t>(below(2) != 0 ? below(3) : below(200'000))}},
                     frame);
        break;
      default:
        put_ping({}, once_in(2), frame);
    }
    if (once_in(40)) damage(frame);
    return frame;
  }

 private:
  void headers(byte_vector& into, stream_id id, bool trailers) {
    fields message;
    if (trailers) {
      message.add("checksum", std::to_string(below(5)));
    } else {
      message = made_of(once_in(2) ? get("/" + std::to_string(below(20))) : post());
      if (once_in(4)) message.add("content-length", std::to_string(below(3)));
      if (once_in(10)) message.add("connection", "close");
    }
    byte_vector block;
    encoder_.encode(message, block);
    const std::size_t begin = into.size();
    into.resize(begin + kFrameHeaderBytes);
    into.insert(into.end(), block.begin(), block.end());
    finish_headers(id, !once_in(3), begin, once_in(5) ? 10 : kLeastMaxFrameSize, into);
  }
  // Of the first frame, and not its length, which would only join it with the next.
  void damage(byte_vector& bytes) {
    const std::size_t size = kFrameHeaderBytes + read_frame_header(byte_span(bytes).first(kFrameHeaderBytes)).length;
    const std::size_t at = 3 + below(size - 3);
    bytes[at] = static_cast<std::byte>(below(256));
  }

  std::mt19937_64 random_;
  HpackEncoder encoder_;
  stream_id next_ = 1;
};

/// Where one may end the connection and the other go on. `opened` is the highest stream that the client has opened.
bool may_differ(const FrameHeader& frame, stream_id opened, errc ours, errc theirs) {
  const auto type = static_cast<FrameType>(frame.type);
  const bool is_of_old = frame.stream != 0 && frame.stream <= opened;
  if (type == FrameType::data || type == FrameType::headers) {
    // On a stream that the client has ended, an error of the stream (RFC 9113 5.1, half-closed) is one of the connection to
    // libnghttp2; behind a reset of this end it is none (closed); and of a stream that is long gone libnghttp2 ignores it.
    const bool is_closed = ours == errc::stream_closed || theirs == errc::stream_closed;
    // A stream lower than one that was opened before (5.1.1), which libnghttp2 ignores.
    const bool is_lower = type == FrameType::headers && ours == errc::protocol_error;
    // Padding that is wrong (6.1), which libnghttp2 does not look at on a stream that is closed.
    const bool is_padding = type == FrameType::data && frame.has(frame_flag::kPadded) && theirs == errc::no_error;
    // It decodes a block before all of it has come.
    const bool is_early = !frame.has(frame_flag::kEndHeaders) && theirs == errc::compression_error;
    return is_early || (is_of_old && (is_closed || is_lower || is_padding));
  }
  // An increment of 0 on a stream that is closed; the error is the stream's (6.9), and it is no more.
  if (type == FrameType::window_update) return is_of_old && theirs == errc::protocol_error;
  // PRIORITY_UPDATE of stream 0 (RFC 9218 7.1), which libnghttp2 ignores; others it refuses where ours is lenient.
  if (type == FrameType::priority_update) return true;
  // SETTINGS_NO_RFC7540_PRIORITIES that changes: RFC 9218 2.1.1 lets the receiver end the connection.
  return type == FrameType::settings && theirs == errc::protocol_error;
}

std::string shown(byte_span bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
    text += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

struct Outcome {
  bool has_ended = false;
  bool has_differed = false;  // as it may
};

Outcome compare(std::uint64_t seed) {
  Client client(seed);
  Ours ours;
  Theirs theirs;
  byte_vector begin = as_bytes(kPreface);
  put_settings({}, begin);
  ours.feed(begin);
  theirs.feed(begin);
  stream_id opened = 0;
  for (int i = 0; i < 30; ++i) {
    const byte_vector frame = client.next();
    const FrameHeader header = read_frame_header(byte_span(frame).first(kFrameHeaderBytes));
    // After a client's GOAWAY libnghttp2 takes no more requests, though it speaks of pushed streams alone (RFC 9113 6.8).
    if (header.type == static_cast<std::uint8_t>(FrameType::goaway)) return {.has_ended = false, .has_differed = true};
    ours.feed(frame);
    theirs.feed(frame);
    if (ours.is_over() != theirs.is_over()) {
      EXPECT_TRUE(may_differ(header, opened, ours.code(), theirs.code()))
          << "seed " << seed << ", frame " << i << " of type " << int{header.type} << " on stream " << header.stream << ": ours "
          << name_of(ours.code()) << ", theirs " << name_of(theirs.code()) << "\n"
          << shown(frame);
      return {.has_ended = false, .has_differed = true};
    }
    const auto mine = ours.messages();
    const auto other = theirs.messages();
    // A Host that is not :authority, and user information, which RFC 9113 8.3.1 has malformed and libnghttp2 takes.
    const auto is_stricter = [](const std::string& line) {
      return line.starts_with("host: ") || (line.starts_with(":authority: ") && line.find('@') != std::string::npos);
    };
    if (mine.empty() && other.size() == 1 && std::ranges::any_of(other[0], is_stricter)) {
      return {.has_ended = false, .has_differed = true};
    }
    EXPECT_EQ(mine, other) << "seed " << seed << ", frame " << i << "\n" << shown(frame);
    if (ours.is_over()) return {.has_ended = true, .has_differed = false};
    if (header.type == static_cast<std::uint8_t>(FrameType::headers)) opened = std::max(opened, header.stream);
  }
  return {};
}

TEST(SequencesAgainstNghttp2, are_taken_or_refused_alike) {
  const std::uint64_t connections = std::getenv("UNCORK_LONG") != nullptr ? 1'000'000 : 10'000;
  std::uint64_t ended = 0;
  std::uint64_t differed = 0;
  for (std::uint64_t seed = 0; seed < connections && !HasFailure(); ++seed) {
    const Outcome outcome = compare(seed);
    ended += outcome.has_ended ? 1 : 0;
    differed += outcome.has_differed ? 1 : 0;
  }
  EXPECT_GT(ended, connections / 10);
  EXPECT_LT(differed, connections / 3);
}

}  // namespace
}  // namespace uncork::http2
