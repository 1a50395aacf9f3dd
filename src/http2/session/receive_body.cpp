// DATA: given out as it comes, and counted against the windows.

#include <algorithm>

#include "http2/session/session.hpp"

namespace uncork::http2 {

// The whole frame counts, padding too (RFC 9113 6.9.1), and also when nobody wants it.
void Session::begin_body() {
  const stream_id id = header_.stream;
  header_taken_ = 0;
  if (id == 0 || (is_idle(id) && !is_discarded(id))) return fail(errc::protocol_error, "DATA on an idle stream");
  receive_window_ -= header_.length;
  if (receive_window_ < 0) return fail(errc::flow_control_error, "more DATA than the connection's window");
  const bool is_padded = header_.has(frame_flag::kPadded);
  if (is_padded && header_.length == 0) return fail(errc::frame_size_error, "padded DATA without padding");
  const bool ends = header_.has(frame_flag::kEndStream);
  if (Stream* s = streams_.find(id); s != nullptr && s->receives) {
    s->receive_window -= header_.length;
    if (s->receive_window < 0) {
      fail_stream(id, errc::flow_control_error);
    } else if (!s->has_message) {
      fail_stream(id, errc::protocol_error);  // a body before the final response
    }
  } else if (reset_streams_.has(id) || is_discarded(id)) {
    ++counts_.late_frames;  // in flight when this end reset it or told its last stream: no fault of the peer's
  } else if (s != nullptr) {
    fail_stream(id, errc::stream_closed);  // half-closed: RFC 9113 5.1
  } else {
    fail(errc::stream_closed, "DATA on a closed stream");
  }
  if (is_over_) return;
  if (header_.length == 0 && !ends) {
    ++counts_.empty_data;
    if (!empty_data_.take(now_)) return calm("too many empty DATA frames");
  }
  body_ = {
      .is_open = true, .has_padding_length = is_padded, .left = header_.length, .padding = 0, .stream = id, .end_stream = ends};
  if (body_.left == 0) end_body();
}

std::size_t Session::take_body(byte_span bytes) {
  std::size_t taken = 0;
  if (body_.has_padding_length) {
    body_.padding = std::to_integer<std::uint32_t>(bytes.front());
    body_.has_padding_length = false;
    --body_.left;
    taken = 1;
    take_padding(1);
    if (body_.padding > body_.left) {
      fail(errc::protocol_error, "padding that is longer than its frame");
      return taken;
    }
    body_.left -= body_.padding;
    if (body_.left == 0 && !body_.end_stream) {
      ++counts_.empty_data;
      if (!empty_data_.take(now_)) {
        calm("too many empty DATA frames");
        return taken;
      }
    }
  }
  const byte_span piece = bytes.subspan(taken, std::min<std::size_t>(body_.left, bytes.size() - taken));
  taken += piece.size();
  body_.left -= static_cast<std::uint32_t>(piece.size());
  if (!piece.empty()) {
    Stream* s = streams_.find(body_.stream);
    if (s != nullptr && s->receives) {
      deliver(*s, piece, body_.left == 0 && body_.padding == 0 && body_.end_stream);
      if (body_.left == 0 && body_.padding == 0) body_.end_stream = false;  // told
    } else {
      return_connection_window(piece.size());
    }
  }
  if (body_.left == 0 && body_.padding != 0) {
    const std::size_t padding = std::min<std::size_t>(body_.padding, bytes.size() - taken);
    taken += padding;
    body_.padding -= static_cast<std::uint32_t>(padding);
    take_padding(padding);
  }
  if (body_.left == 0 && body_.padding == 0) end_body();
  return taken;
}

// Nobody consumes it: its window goes back at once.
void Session::take_padding(std::size_t bytes) {
  return_connection_window(bytes);
  if (Stream* s = streams_.find(body_.stream); s != nullptr && s->receives) s->unreturned += static_cast<std::uint32_t>(bytes);
}

void Session::end_body() {
  body_.is_open = false;
  if (!body_.end_stream) return;
  Stream* s = streams_.find(body_.stream);
  if (s != nullptr && s->receives) deliver(*s, {}, true);
}

/// RFC 9113 8.1.1: the DATA of a message are as long as its content-length says, if it has a body.
bool Session::judge_length(const Stream& s, bool ends) const noexcept {
  if (!s.facts.content_length || s.facts.is_connect) return true;
  constexpr std::uint16_t kNotModified = 304;
  if (side_ == Side::client && (s.facts.is_head || s.facts.status == kNotModified)) return s.body_received == 0;
  return ends ? s.body_received == *s.facts.content_length : s.body_received <= *s.facts.content_length;
}

void Session::deliver(Stream& s, byte_span piece, bool ends) {
  s.body_received += piece.size();
  s.moved += piece.size();
  s.unconsumed += static_cast<std::uint32_t>(piece.size());
  counts_.body_bytes_received += piece.size();
  if (!judge_length(s, ends)) {
    return_connection_window(std::exchange(s.unconsumed, 0));
    ++counts_.malformed;
    return fail_stream(s.id, errc::protocol_error);
  }
  if (!s.is_owned) {  // its owner has gone, and only the answer is still on its way
    return_connection_window(std::exchange(s.unconsumed, 0));
  } else {
    tell({.what = Event::kind::data, .stream = s.id, .end_stream = ends, .data = piece});
  }
  if (!ends) return;
  s.receives = false;
  forget_if_done(s);
}

}  // namespace uncork::http2
