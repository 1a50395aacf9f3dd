#include "http2/session/session.hpp"

#include <algorithm>

#include "http2/session/preface.hpp"

namespace uncork::http2 {
namespace {

/// The PING between the two GOAWAYs of a graceful end: its answer says that the peer has read the first.
constexpr ping_payload kShutdownPing = {std::byte{'u'}, std::byte{'n'}, std::byte{'c'}, std::byte{'o'},
                                        std::byte{'r'}, std::byte{'k'}, std::byte{'g'}, std::byte{'o'}};

}  // namespace

Session::Session(Side whose, const options& chosen, time_point now)
    : side_(whose),
      options_(chosen),
      now_(now),
      share_(chosen.budget),
      begun_(now),
      idle_since_(now),
      swept_(now),
      resets_(chosen.limits.resets, now),
      provoked_(chosen.limits.provoked_resets, now),
      settings_(chosen.limits.settings, now),
      pings_(chosen.limits.pings, now),
      priorities_(chosen.limits.priorities, now),
      window_updates_(chosen.limits.window_updates, now),
      empty_data_(chosen.limits.empty_data, now),
      late_headers_(chosen.limits.late_headers, now) {
  options_.connection_window = std::clamp(options_.connection_window, kDefaultWindow, kMostWindow);
  options_.stream_window = std::min(options_.stream_window, kMostWindow);
  options_.max_frame_size = std::clamp(options_.max_frame_size, kLeastMaxFrameSize, kMostMaxFrameSize);
  announce();
}

void Session::announce() {
  if (side_ == Side::client) {
    const byte_span preface = std::as_bytes(std::span(kPreface));
    out_.insert(out_.end(), preface.begin(), preface.end());
    preface_taken_ = kPreface.size();
  }
  const auto id = [](Setting one) { return static_cast<std::uint16_t>(one); };
  std::vector<OneSetting> ours = {{id(Setting::initial_window_size), options_.stream_window},
                                  {id(Setting::max_header_list_size), options_.limits.fields.most_bytes},
                                  {id(Setting::no_rfc7540_priorities), 1}};
  if (options_.max_frame_size != kLeastMaxFrameSize) ours.push_back({id(Setting::max_frame_size), options_.max_frame_size});
  if (side_ == Side::client) {
    ours.push_back({id(Setting::enable_push), 0});
  } else {
    ours.push_back({id(Setting::max_concurrent_streams), options_.limits.concurrent_streams});
    if (options_.extended_connect) ours.push_back({id(Setting::enable_connect_protocol), 1});
  }
  put_settings(ours, out_);
  if (options_.connection_window > kDefaultWindow) put_window_update(0, options_.connection_window - kDefaultWindow, out_);
  receive_window_ = options_.connection_window;
}

std::optional<Event> Session::next() {
  if (events_taken_ == events_.size()) {
    events_.clear();
    events_taken_ = 0;
    return std::nullopt;
  }
  return events_[events_taken_++];
}

bool Session::was_used(stream_id id) const noexcept {
  const stream_id age = (last_peer_ - id) / 2;
  return age >= 64 || (used_ >> age & 1U) != 0;
}

void Session::note_used(stream_id id) noexcept {
  const stream_id passed = last_peer_ == 0 ? 64 : (id - last_peer_) / 2;
  used_ = (passed >= 64 ? 0 : used_ << passed) | 1U;
  last_peer_ = id;
}

void Session::put_reset(stream_id id, errc code) {
  put_rst_stream(id, code, out_);
  ++counts_.resets_sent;
  reset_streams_.add(id);
}

/// Neither side may send any more.
void Session::close(Stream& s) {
  s.receives = s.sends = false;
  if (s.is_scheduled) scheduler_.remove(s.id, s.priority);
  s.is_scheduled = false;
  stop_waiting(s);
  queued_ -= s.queue.size();
  s.queue.clear();
  if (std::exchange(s.external_left, 0) != 0) s.external.reset();
  streams_.recount(s);
}

void Session::forget_if_done(Stream& s) {
  if (!s.is_closed() || s.is_owned) return;
  streams_.erase(s.id);
  if (streams_.size() != 0) return;
  idle_since_ = now_;
  if (is_shutting_down_ && is_last_told_ && !is_over_) finish_shutdown();
}

// An error of one stream (RFC 9113 5.4.2), for which the peer is to blame.
void Session::fail_stream(stream_id id, errc code) {
  if (is_over_) return;  // the GOAWAY is the last frame
  put_reset(id, code);
  ++counts_.provoked_resets;
  if (Stream* s = streams_.find(id); s != nullptr) {
    close(*s);
    if (s->is_owned) tell({.what = Event::kind::reset, .stream = id, .code = code});
    forget_if_done(*s);
  }
  if (!provoked_.take(now_)) calm("too many streams with errors");
}

void Session::reset(stream_id id, errc code) {
  Stream* s = streams_.find(id);
  if (s == nullptr || s->is_closed() || is_over_) return;
  put_reset(id, code);
  close(*s);
  forget_if_done(*s);
}

void Session::release(stream_id id) {
  Stream* s = streams_.find(id);
  if (s == nullptr || !s->is_owned) return;
  s->is_owned = false;
  s->user = nullptr;
  if (s->unconsumed != 0) return_connection_window(std::exchange(s->unconsumed, 0));
  if (!is_over_ && s->sends && !s->ends_after_queue) {
    put_reset(id, errc::cancel);
    close(*s);
  } else if (!is_over_ && s->receives && !s->sends) {
    put_reset(id, errc::no_error);  // the answer is complete, and the rest of the request of no use (RFC 9113 8.1)
    close(*s);
  }
  forget_if_done(*s);
}

void Session::allow_rest(stream_id id) noexcept {
  if (Stream* s = streams_.find(id); s != nullptr) s->may_rest = true;
}

void Session::return_connection_window(std::size_t bytes) {
  unreturned_ += bytes;
  if (unreturned_ < options_.connection_window / 2 || is_over_) return;
  put_window_update(0, static_cast<std::uint32_t>(unreturned_), out_);
  receive_window_ += static_cast<std::int64_t>(std::exchange(unreturned_, 0));
}

void Session::consume(stream_id id, std::size_t bytes) {
  Stream* s = streams_.find(id);
  if (s == nullptr || bytes == 0) return;  // release() gave it back
  bytes = std::min<std::size_t>(bytes, s->unconsumed);
  s->unconsumed -= static_cast<std::uint32_t>(bytes);
  return_connection_window(bytes);
  if (!s->receives || is_over_) return;
  s->unreturned += static_cast<std::uint32_t>(bytes);
  if (s->unreturned < std::max(options_.stream_window / 2, 1U)) return;
  put_window_update(id, s->unreturned, out_);
  s->receive_window += std::exchange(s->unreturned, 0U);
}

// What is lent counts until the stream has gone: a hundred owners who keep their requests hold a hundred of them. What is brought
// stands for as much of it.
void Session::take_message(stream_id id, fields& into) noexcept {
  Stream* s = streams_.find(id);
  if (s == nullptr) return;
  into.clear();
  if (s->message.capacity() > into.capacity()) s->lent += s->message.capacity() - into.capacity();
  s->message.swap(into);
  if (s->message.capacity() + s->lent != s->fields_held) streams_.recount(*s);
}

void Session::attach(stream_id id, void* user) noexcept {
  if (Stream* s = streams_.find(id); s != nullptr) s->user = user;
}

void* Session::user(stream_id id) const noexcept {
  const Stream* s = streams_.find(id);
  return s == nullptr ? nullptr : s->user;
}

void Session::each_user(const std::function<void(void*)>& function) const {
  streams_.each([&function](const Stream& s) {
    if (s.user != nullptr) function(s.user);
  });
}

void Session::ping(const ping_payload& payload) {
  if (!is_over_) put_ping(payload, false, out_);
}

void Session::shut_down() {
  if (is_over_ || is_shutting_down_) return;
  is_shutting_down_ = true;
  put_goaway(side_ == Side::server ? kMostStreamId : 0, errc::no_error, {}, out_);
  if (side_ == Side::server) {
    put_ping(kShutdownPing, false, out_);
  } else {
    is_last_told_ = true;
    if (streams_.size() == 0) finish_shutdown();
  }
}

void Session::finish_shutdown() {
  if (!is_last_told_) put_goaway(last_peer_, errc::no_error, {}, out_);
  is_last_told_ = true;
  if (streams_.size() != 0) return;
  is_over_ = true;
  tell({.what = Event::kind::ended, .code = errc::no_error});
}

void Session::terminate(errc code, std::string_view debug) {
  if (is_over_) return;
  is_over_ = true;
  put_goaway(last_peer_, code, debug, out_);
  streams_.each([this](Stream& s) { close(s); });
  tell({.what = Event::kind::ended, .code = code});
}

void Session::calm(std::string_view why) {
  if (!is_over_) ++counts_.calmed;
  terminate(errc::enhance_your_calm, why);
}

void Session::on_ping(byte_span payload) {
  if (header_.stream != 0) return fail(errc::protocol_error, "PING on a stream");
  ping_payload bytes{};
  if (payload.size() != bytes.size()) return fail(errc::frame_size_error, "PING of a wrong length");
  std::ranges::copy(payload, bytes.begin());
  if (header_.has(frame_flag::kAck)) {
    if (!pings_.take(now_)) return calm("too many answers to PING");
    if (bytes != kShutdownPing) return tell({.what = Event::kind::pong});
    if (is_shutting_down_ && !is_last_told_) finish_shutdown();
    return;
  }
  ++counts_.pings;
  if (!pings_.take(now_)) return calm("too many PINGs");
  put_ping(bytes, true, out_);
}

}  // namespace uncork::http2
