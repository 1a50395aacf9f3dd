// Frames as they come, and those that speak of the connection.

#include <algorithm>
#include <utility>

#include "http2/session/preface.hpp"
#include "http2/session/session.hpp"

namespace uncork::http2 {

std::size_t Session::receive(byte_span bytes, time_point now) {
  now_ = now;
  if (events_taken_ == events_.size()) {
    events_.clear();
    events_taken_ = 0;
  }
  is_tidy_ = false;
  std::size_t taken = 0;
  if (!is_over_ && preface_taken_ < kPreface.size()) taken = take_preface(bytes);
  while (!is_over_ && events_.empty() && taken < bytes.size()) {
    const std::size_t of_frame = take_frame(bytes.subspan(taken));
    taken += of_frame;
    counts_.bytes_received += of_frame;
  }
  untold_ += taken;
  if (untold_ >= kMostUntold) tell_budget();
  return is_over_ ? bytes.size() : taken;  // what comes behind the end is nobody's
}

std::size_t Session::take_preface(byte_span bytes) {
  const byte_span expected = std::as_bytes(std::span(kPreface)).subspan(preface_taken_);
  const std::size_t count = std::min(expected.size(), bytes.size());
  if (!std::ranges::equal(bytes.first(count), expected.first(count))) {
    fail(errc::protocol_error, "not the preface of HTTP/2");
    return count;
  }
  preface_taken_ += count;
  return count;
}

// One frame, or as much of it as there is. What lies in the bytes as a whole is read where it is.
std::size_t Session::take_frame(byte_span bytes) {
  if (body_.is_open) return take_body(bytes);
  std::size_t taken = 0;
  if (header_taken_ < kFrameHeaderBytes) {
    if (header_taken_ == 0 && bytes.size() >= kFrameHeaderBytes) {
      header_ = read_frame_header(bytes.first(kFrameHeaderBytes));
      header_taken_ = taken = kFrameHeaderBytes;
    } else {
      taken = std::min(kFrameHeaderBytes - header_taken_, bytes.size());
      std::ranges::copy(bytes.first(taken), header_bytes_.begin() + static_cast<std::ptrdiff_t>(header_taken_));
      header_taken_ += taken;
      if (header_taken_ < kFrameHeaderBytes) return taken;
      header_ = read_frame_header(header_bytes_);
    }
    if (!judge_header()) return taken;
    if (header_.type == static_cast<std::uint8_t>(FrameType::data)) {
      begin_body();
      return taken;
    }
  }
  const byte_span rest = bytes.subspan(taken);
  const std::size_t missing = header_.length - payload_.size();
  if (payload_.empty() && rest.size() >= missing) {
    header_taken_ = 0;
    on_frame(rest.first(missing));
    return taken + missing;
  }
  if (payload_.empty() && memory() + header_.length > options_.limits.memory) {
    calm("a frame that does not fit the memory of the connection");
    return taken;
  }
  const std::size_t count = std::min(missing, rest.size());
  payload_.insert(payload_.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(count));
  if (payload_.size() == header_.length) {
    header_taken_ = 0;
    byte_vector whole = std::move(payload_);
    payload_.clear();
    on_frame(whole);
    whole.clear();
    payload_ = std::move(whole);
  }
  return taken + count;
}

/// What a header alone tells.
bool Session::judge_header() {
  const auto type = static_cast<FrameType>(header_.type);
  if (header_.length > options_.max_frame_size) {
    fail(errc::frame_size_error, "a frame larger than SETTINGS_MAX_FRAME_SIZE");
  } else if (!has_settings_ && (type != FrameType::settings || header_.has(frame_flag::kAck))) {
    fail(errc::protocol_error, "the first frame is not SETTINGS");
  } else if (block_.stream != 0 && (type != FrameType::continuation || header_.stream != block_.stream)) {
    fail(errc::protocol_error, "a frame inside a field block");
  }
  return !is_over_;
}

void Session::on_frame(byte_span payload) {
  switch (static_cast<FrameType>(header_.type)) {
    case FrameType::headers:
      return on_headers(payload);
    case FrameType::continuation:
      return on_continuation(payload);
    case FrameType::priority:
      return on_priority(payload);
    case FrameType::rst_stream:
      return on_rst_stream(payload);
    case FrameType::settings:
      return on_settings(payload);
    case FrameType::push_promise:
      return fail(errc::protocol_error, "PUSH_PROMISE was not allowed");  // a client never may, a server not to us
    case FrameType::ping:
      return on_ping(payload);
    case FrameType::goaway:
      return on_goaway(payload);
    case FrameType::window_update:
      return on_window_update(payload);
    case FrameType::priority_update:
      return on_priority_update(payload);
    default:  // to be ignored (RFC 9113 5.5), but not for ever
      ++counts_.priorities;
      if (!priorities_.take(now_)) calm("too many frames of unknown types");
  }
}

// RFC 7540's priorities are gone (RFC 9113 5.3); what is left are the frame's own rules.
void Session::on_priority(byte_span payload) {
  constexpr std::size_t kBytes = 5;
  ++counts_.priorities;
  if (header_.stream == 0) return fail(errc::protocol_error, "PRIORITY on stream 0");
  if (!priorities_.take(now_)) return calm("too many PRIORITY frames");
  const bool is_known = streams_.find(header_.stream) != nullptr;
  if (payload.size() != kBytes) {
    if (is_known) return fail_stream(header_.stream, errc::frame_size_error);
    return fail(errc::frame_size_error, "PRIORITY of a wrong length");
  }
  if ((load_big_endian(payload.first(4)) & kMostStreamId) != header_.stream) return;
  if (is_known) return fail_stream(header_.stream, errc::protocol_error);
  fail(errc::protocol_error, "a stream that depends on itself");
}

void Session::on_rst_stream(byte_span payload) {
  if (payload.size() != 4) return fail(errc::frame_size_error, "RST_STREAM of a wrong length");
  if (header_.stream == 0 || (is_idle(header_.stream) && !is_discarded(header_.stream)))
    return fail(errc::protocol_error, "RST_STREAM on an idle stream");
  ++counts_.resets_received;
  if (side_ == Side::server && !resets_.take(now_)) return calm("too many resets");
  Stream* s = streams_.find(header_.stream);
  if (s == nullptr || s->is_closed()) return;
  close(*s);
  if (s->is_owned) tell({.what = Event::kind::reset, .stream = s->id, .code = static_cast<errc>(load_big_endian(payload))});
  forget_if_done(*s);
}

void Session::on_settings(byte_span payload) {
  if (header_.stream != 0) return fail(errc::protocol_error, "SETTINGS on a stream");
  if (header_.has(frame_flag::kAck)) {
    if (!payload.empty()) return fail(errc::frame_size_error, "an acknowledgement with settings");
    return on_own_settings_taken();
  }
  if (payload.size() % kSettingBytes != 0) return fail(errc::frame_size_error, "SETTINGS of a wrong length");
  ++counts_.settings;
  if (has_settings_ && !settings_.take(now_)) return calm("too many SETTINGS");
  has_settings_ = true;
  for (; !payload.empty(); payload = payload.subspan(kSettingBytes)) {
    if (!apply(read_setting(payload))) return;
  }
  put_settings_ack(out_);
}

bool Session::apply(const OneSetting& one) {
  switch (static_cast<Setting>(one.id)) {
    case Setting::header_table_size:
      encoder_.allow(one.value);
      return true;
    case Setting::enable_push:
      if (one.value > (side_ == Side::server ? 1U : 0U)) fail(errc::protocol_error, "a value that ENABLE_PUSH has not");
      return !is_over_;
    case Setting::max_concurrent_streams:
      peer_streams_ = one.value;
      return true;
    case Setting::initial_window_size:
      return change_send_windows(one.value);
    case Setting::max_frame_size:
      if (one.value < kLeastMaxFrameSize || one.value > kMostMaxFrameSize) {
        fail(errc::protocol_error, "a value that MAX_FRAME_SIZE has not");
      }
      peer_max_frame_ = one.value;
      return !is_over_;
    case Setting::enable_connect_protocol:
    case Setting::no_rfc7540_priorities:
      if (one.value > 1) fail(errc::protocol_error, "a setting that is neither 0 nor 1");
      return !is_over_;
    default:
      return true;
  }
}

// RFC 9113 6.9.2: also of the streams that are open; a window may become negative.
bool Session::change_send_windows(std::uint32_t window) {
  if (window > kMostWindow) {
    fail(errc::flow_control_error, "a window beyond 2^31-1");
    return false;
  }
  const std::int64_t change = std::int64_t{window} - std::int64_t{std::exchange(peer_stream_window_, window)};
  bool is_too_wide = false;
  streams_.each([&](Stream& s) {
    if (!s.sends) return;
    s.send_window += change;
    is_too_wide = is_too_wide || s.send_window > std::int64_t{kMostWindow};
    schedule(s);
  });
  if (is_too_wide) fail(errc::flow_control_error, "a window beyond 2^31-1");
  return !is_over_;
}

// Until now the peer may have taken a stream's window for the default.
void Session::on_own_settings_taken() {
  if (are_settings_taken_) {
    if (!settings_.take(now_)) calm("too many acknowledgements of SETTINGS");
    return;
  }
  are_settings_taken_ = true;
  if (options_.stream_window >= kDefaultWindow) return;
  const std::int64_t less = kDefaultWindow - options_.stream_window;
  streams_.each([&](Stream& s) { s.receive_window -= less; });
}

void Session::on_goaway(byte_span payload) {
  constexpr std::size_t kLeast = 8;
  if (header_.stream != 0) return fail(errc::protocol_error, "GOAWAY on a stream");
  if (payload.size() < kLeast) return fail(errc::frame_size_error, "GOAWAY of a wrong length");
  if (!settings_.take(now_)) return calm("too many GOAWAYs");
  const stream_id last = load_big_endian(payload.first(4)) & kMostStreamId;
  const auto code = static_cast<errc>(load_big_endian(payload.subspan(4, 4)));
  if (!std::exchange(has_goaway_, true) && streams_.size() == 0) idle_since_ = now_;
  goaway_last_ = std::min(goaway_last_, last);
  tell({.what = Event::kind::goaway, .stream = last, .code = code});
  if (side_ == Side::server) return;
  // What the peer has not processed may be sent again elsewhere (RFC 9113 6.8).
  std::vector<stream_id> unprocessed;
  streams_.each([&](Stream& s) {
    if (s.id > last && !s.is_closed()) unprocessed.push_back(s.id);
  });
  for (const stream_id id : unprocessed) {
    Stream& s = *streams_.find(id);
    close(s);
    if (s.is_owned) tell({.what = Event::kind::reset, .stream = id, .code = errc::refused_stream});
    forget_if_done(s);
  }
}

void Session::on_window_update(byte_span payload) {
  if (payload.size() != 4) return fail(errc::frame_size_error, "WINDOW_UPDATE of a wrong length");
  ++counts_.window_updates;
  if (!window_updates_.take(now_)) return calm("too many WINDOW_UPDATEs");
  const std::uint32_t increment = load_big_endian(payload) & kMostWindow;
  if (header_.stream == 0) {
    if (increment == 0) return fail(errc::protocol_error, "WINDOW_UPDATE of 0");
    send_window_ += increment;
    if (send_window_ > std::int64_t{kMostWindow}) fail(errc::flow_control_error, "a window beyond 2^31-1");
    return;
  }
  if (is_idle(header_.stream) && !is_discarded(header_.stream))
    return fail(errc::protocol_error, "WINDOW_UPDATE on an idle stream");
  Stream* s = streams_.find(header_.stream);
  if (s == nullptr || s->is_closed()) return;
  if (increment == 0) return fail_stream(s->id, errc::protocol_error);
  s->send_window += increment;
  if (s->send_window > std::int64_t{kMostWindow}) return fail_stream(s->id, errc::flow_control_error);
  schedule(*s);
}

// RFC 9218 7.1. It may come before its stream, and is then kept, for as many as may be open.
void Session::on_priority_update(byte_span payload) {
  ++counts_.priorities;
  if (!priorities_.take(now_)) return calm("too many PRIORITY_UPDATEs");
  if (header_.stream != 0 || side_ == Side::client) return fail(errc::protocol_error, "PRIORITY_UPDATE out of place");
  if (payload.size() < 4) return fail(errc::frame_size_error, "PRIORITY_UPDATE of a wrong length");
  const stream_id id = load_big_endian(payload.first(4)) & kMostStreamId;
  const byte_span value = payload.subspan(4);
  const Priority how = priority_of({reinterpret_cast<const char*>(value.data()), value.size()});
  if (id == 0) return fail(errc::protocol_error, "PRIORITY_UPDATE of stream 0");
  if (Stream* s = streams_.find(id); s != nullptr) {
    if (s->is_scheduled) scheduler_.remove(id, s->priority);
    s->is_scheduled = false;
    s->priority = how;
    return schedule(*s);
  }
  if (!is_peers(id) || !is_idle(id)) return;
  if (early_priorities_.size() >= options_.limits.concurrent_streams) early_priorities_.erase(early_priorities_.begin());
  early_priorities_.emplace_back(id, how);
}

}  // namespace uncork::http2
