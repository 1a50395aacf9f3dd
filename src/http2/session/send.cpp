// What leaves: header sections at once and in the order in which they were encoded, bodies by turns as the windows allow.

#include <algorithm>

#include "http2/session/session.hpp"

namespace uncork::http2 {

Stream* Session::sending(stream_id id) const noexcept {
  Stream* s = is_over_ ? nullptr : streams_.find(id);
  return s != nullptr && s->sends && !s->ends_after_queue ? s : nullptr;
}

void Session::put_block(Stream& s, const fields& message, bool end_stream) {
  const std::size_t begin = out_.size();
  out_.resize(begin + kFrameHeaderBytes);
  encoder_.encode(message, out_);
  finish_headers(s.id, end_stream, begin, peer_max_frame_, out_);
}

std::size_t Session::openable() const noexcept {
  if (side_ == Side::server || is_over_ || is_shutting_down_ || has_goaway_) return 0;
  const std::size_t left = last_own_ >= kMostStreamId - 1 ? 0 : (kMostStreamId - last_own_) / 2;
  const std::size_t open = streams_.size();
  return open >= peer_streams_ ? 0 : std::min<std::size_t>(left, peer_streams_ - open);
}

stream_id Session::open(const fields& request, bool end_stream) {
  if (openable() == 0) return 0;
  last_own_ = last_own_ == 0 ? 1 : last_own_ + 2;
  ++counts_.streams;
  is_tidy_ = false;
  Stream& s = streams_.insert(last_own_);
  s.receives = s.sends = s.is_owned = s.has_headers = true;
  s.receive_window = are_settings_taken_ ? options_.stream_window : std::max(options_.stream_window, kDefaultWindow);
  s.send_window = peer_stream_window_;
  s.progress_since = now_;
  s.all_sent_before = counts_.body_bytes_sent;
  const std::string_view method = request.value_or_empty(known_field::method);
  s.facts.is_head = method == "HEAD";
  s.facts.is_connect = method == "CONNECT";
  put_block(s, request, end_stream);
  if (end_stream) end_sending(s);
  return last_own_;
}

void Session::submit_headers(stream_id id, const fields& message, bool end_stream) {
  Stream* s = sending(id);
  if (s == nullptr || s->has_headers) return;
  const std::string_view status = message.value_or_empty(known_field::status);
  s->has_headers = status.empty() || status.front() != '1';
  put_block(*s, message, end_stream);
  if (end_stream) end_sending(*s);
}

void Session::submit_trailers(stream_id id, const fields& trailers) {
  Stream* s = sending(id);
  if (s == nullptr || !s->has_headers) return;
  if (s->queue.empty()) {
    put_block(*s, trailers, true);
    return end_sending(*s);
  }
  s->trailers = trailers;
  s->has_trailers = s->ends_after_queue = true;
}

std::size_t Session::submit_data(stream_id id, byte_span body, bool end_stream) {
  Stream* s = sending(id);
  if (s == nullptr || !s->has_headers) return body.size();
  const limits& most = options_.limits;
  stop_waiting(*s);
  // Most bodies are short, and nothing is in their way.
  if (s->queue.empty() && scheduler_.empty() && body.size() <= kLeastMaxFrameSize && output_size() < most.output_high_water &&
      static_cast<std::int64_t>(body.size()) <= std::min(s->send_window, send_window_)) {
    if (body.empty() && !end_stream) return 0;
    put_data(id, body, end_stream, out_);
    s->send_window -= static_cast<std::int64_t>(body.size());
    send_window_ -= static_cast<std::int64_t>(body.size());
    counts_.body_bytes_sent += body.size();
    s->moved += body.size();
    window_updates_.add(4);
    if (end_stream) end_sending(*s);
    return body.size();
  }
  const std::size_t room = std::min(most.stream_queue - std::min(most.stream_queue, s->queue.size()),
                                    most.session_queue - std::min(most.session_queue, queued_));
  const std::size_t taken = std::min(room, body.size());
  s->queue.append(body.first(taken));
  queued_ += taken;
  s->ends_after_queue = end_stream && taken == body.size();
  if (taken < body.size()) {
    s->wants_room = true;
    waiting_.push_back(id);
  }
  schedule(*s);
  return taken;
}

// Has something to send, and a window for it; the end alone needs none.
void Session::schedule(Stream& s) {
  const bool can_send = s.queue.empty() ? s.ends_after_queue : s.send_window > 0;
  if (s.is_scheduled || !s.sends || !can_send) return;
  s.is_scheduled = true;
  scheduler_.add(s.id, s.priority);
}

void Session::stop_waiting(Stream& s) {
  if (std::exchange(s.wants_room, false)) std::erase(waiting_, s.id);
}

void Session::end_sending(Stream& s) {
  s.sends = false;
  stop_waiting(s);
  forget_if_done(s);
}

void Session::frame_body(Stream& s) {
  const std::int64_t window = std::max<std::int64_t>(0, std::min(s.send_window, send_window_));
  const std::size_t most = std::min<std::size_t>(static_cast<std::size_t>(window), kLeastMaxFrameSize);
  const byte_span piece = s.queue.front(most);
  const bool is_last = piece.size() == s.queue.size() && s.ends_after_queue;
  put_data(s.id, piece, is_last && !s.has_trailers, out_);
  s.send_window -= static_cast<std::int64_t>(piece.size());
  send_window_ -= static_cast<std::int64_t>(piece.size());
  counts_.body_bytes_sent += piece.size();
  s.moved += piece.size();
  queued_ -= piece.size();
  s.queue.take(piece.size());
  window_updates_.add(4);
  if (!is_last) return schedule(s);
  if (s.has_trailers) put_block(s, s.trailers, true);
  end_sending(s);
}

// Those that have waited longest first, and no more of them than there is room for.
void Session::give_room() {
  const limits& most = options_.limits;
  const std::size_t share = std::max<std::size_t>(1, std::min(most.stream_queue, most.session_queue) / 2);
  std::size_t room = most.session_queue - std::min(most.session_queue, queued_);
  std::erase_if(waiting_, [&](stream_id id) {
    Stream& s = *streams_.find(id);
    if (s.queue.size() > most.stream_queue / 2 || room < share) return false;
    room -= share;
    s.wants_room = false;
    tell({.what = Event::kind::room, .stream = id});
    return true;
  });
}

byte_span Session::gather() {
  while (!is_over_ && !scheduler_.empty() && output_size() < options_.limits.output_high_water) {
    const stream_id id = scheduler_.take();
    Stream& s = *streams_.find(id);
    s.is_scheduled = false;
    if (!s.queue.empty() && send_window_ <= 0) {  // the others have bodies too, or an end that can wait
      schedule(s);
      break;
    }
    frame_body(s);
  }
  if (!waiting_.empty() && !is_over_) give_room();
  return byte_span(out_).subspan(out_taken_);
}

void Session::sent(std::size_t bytes) {
  out_taken_ += bytes;
  if (out_taken_ == out_.size()) {
    out_.clear();
    out_taken_ = 0;
  } else if (out_taken_ > out_.size() / 2) {
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(out_taken_));
    out_taken_ = 0;
  }
}

}  // namespace uncork::http2
