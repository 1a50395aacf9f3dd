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
  streams_.recount(*s);
  s->has_trailers = s->ends_after_queue = true;
}

std::size_t Session::submit_data(stream_id id, byte_span body, bool end_stream) {
  Stream* s = sending(id);
  if (s == nullptr || !s->has_headers) return body.size();
  const limits& most = options_.limits;
  stop_waiting(*s);
  if (body.empty() && end_stream && s->queue.empty()) {  // needs no window, and stands behind nobody's body (RFC 9113 6.9.1)
    put_data(id, body, true, out_);
    end_sending(*s);
    return 0;
  }
  // Most bodies are short, and nothing is in their way.
  if (s->queue.empty() && scheduler_.empty() && body.size() <= kLeastMaxFrameSize && output_size() < most.output_high_water &&
      static_cast<std::int64_t>(body.size()) <= std::min(s->send_window, send_window_)) {
    if (body.empty()) return 0;
    put_piece(*s, body, end_stream);
    if (end_stream) end_sending(*s);
    return body.size();
  }
  const std::size_t room = std::min(most.stream_queue - std::min(most.stream_queue, s->queue.size()), room_for_bodies());
  const std::size_t taken = std::min(room, body.size());
  if (taken == 0 && s->queue.empty() && !body.empty()) return frame_at_once(*s, body, end_stream);
  s->queue.append(body.first(taken));
  streams_.recount(*s);
  queued_ += taken;
  s->ends_after_queue = end_stream && taken == body.size();
  if (taken < body.size()) {
    s->wants_room = true;
    waiting_.push_back(id);
  }
  schedule(*s);
  return taken;
}

// There is no memory for queues: what the windows and the output take goes out, so that a handler whose peer reads can always
// end, and give back what it holds.
std::size_t Session::frame_at_once(Stream& s, byte_span body, bool end_stream) {
  const stream_id id = s.id;
  std::size_t taken = 0;
  while (scheduler_.empty() && taken < body.size() && output_size() < options_.limits.output_high_water) {
    const std::int64_t window = std::max<std::int64_t>(0, std::min(s.send_window, send_window_));
    const byte_span piece = body.subspan(taken).first(
        std::min({body.size() - taken, static_cast<std::size_t>(window), std::size_t{kLeastMaxFrameSize}}));
    if (piece.empty()) break;
    taken += piece.size();
    const bool is_last = end_stream && taken == body.size();
    put_piece(s, piece, is_last);
    if (is_last) end_sending(s);
  }
  if (taken < body.size()) {
    s.wants_room = true;
    waiting_.push_back(id);
  }
  return taken;
}

void Session::put_piece(Stream& s, byte_span piece, bool end_stream) {
  put_data(s.id, piece, end_stream, out_);
  note_framed(s, piece.size());
}

void Session::note_framed(Stream& s, std::size_t bytes) {
  s.send_window -= static_cast<std::int64_t>(bytes);
  send_window_ -= static_cast<std::int64_t>(bytes);
  counts_.body_bytes_sent += bytes;
  s.moved += bytes;
  window_updates_.add(4);
}

void Session::submit_external(stream_id id, std::uint64_t size, std::shared_ptr<external_body> body) {
  Stream* s = sending(id);
  if (s == nullptr || !s->has_headers || s->has_body()) return;
  stop_waiting(*s);
  if (size == 0) {
    put_data(id, {}, true, out_);
    return end_sending(*s);
  }
  s->external_left = size;
  s->external = std::move(body);
  s->ends_after_queue = true;
  schedule(*s);
}

void Session::frame_external(Stream& s, std::size_t most) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(most, s.external_left));
  s.external_left -= size;
  const bool is_last = s.external_left == 0;
  put_frame_header({.length = static_cast<std::uint32_t>(size),
                    .type = static_cast<std::uint8_t>(FrameType::data),
                    .flags = is_last ? frame_flag::kEndStream : std::uint8_t{0},
                    .stream = s.id},
                   out_);
  cuts_.push_back({out_.size(), size, s.external});
  external_waiting_ += size;
  note_framed(s, size);
  if (!is_last) return schedule(s);
  s.external.reset();
  end_sending(s);
}

external_piece Session::external() const noexcept {
  if (cuts_.empty()) return {};
  return {cuts_.front().body.get(), cuts_.front().size};
}

void Session::external_sent(std::size_t bytes) {
  Cut& first = cuts_.front();
  first.size -= bytes;
  external_waiting_ -= bytes;
  if (first.size == 0) cuts_.pop_front();
}

// Has a body that waits, and a window for it; an end alone needs none and has not waited.
void Session::schedule(Stream& s) {
  if (s.is_scheduled || !s.sends || !s.has_body() || s.send_window <= 0) return;
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
  if (most == 0) return;  // SETTINGS took the window away since it was scheduled
  if (s.external_left != 0) return frame_external(s, most);
  const byte_span piece = s.queue.front(most);
  const bool is_last = piece.size() == s.queue.size() && s.ends_after_queue;
  put_piece(s, piece, is_last && !s.has_trailers);
  queued_ -= piece.size();
  s.queue.take(piece.size());
  streams_.recount(s);
  if (!is_last) return schedule(s);
  if (s.has_trailers) put_block(s, s.trailers, true);
  end_sending(s);
}

// Those that have waited longest first, and no more of them than there is room for.
void Session::give_room() {
  const limits& most = options_.limits;
  const std::size_t share = std::max<std::size_t>(1, std::min(most.stream_queue, most.session_queue) / 2);
  std::size_t room = room_for_bodies();
  // A window of a few bytes is no reason to wake an owner: it would be filled byte by byte.
  const std::int64_t worth = most.least_progress;
  bool is_output_free = scheduler_.empty() && send_window_ >= worth && output_size() < most.output_high_water;
  std::erase_if(waiting_, [&](stream_id id) {
    Stream& s = *streams_.find(id);
    if (room >= share && s.queue.size() <= most.stream_queue / 2) {
      room -= share;
    } else if (is_output_free && s.queue.empty() && s.send_window >= worth) {
      is_output_free = false;  // see frame_at_once(): for one of them
    } else {
      return false;
    }
    s.wants_room = false;
    tell({.what = Event::kind::room, .stream = id});
    return true;
  });
}

byte_span Session::gather() {
  while (!is_over_ && !scheduler_.empty() && output_size() < options_.limits.output_high_water) {
    if (send_window_ <= 0) break;  // all have bodies: an end alone did not wait
    Stream& s = *streams_.find(scheduler_.take());
    s.is_scheduled = false;
    frame_body(s);
  }
  if (!waiting_.empty() && !is_over_) give_room();
  tell_budget();
  const std::size_t end = cuts_.empty() ? out_.size() : cuts_.front().at;
  return byte_span(out_).subspan(out_taken_, end - out_taken_);
}

void Session::sent(std::size_t bytes) {
  out_taken_ += bytes;
  if (out_taken_ == out_.size()) {
    for (Cut& one : cuts_) one.at -= out_taken_;
    out_.clear();
    out_taken_ = 0;
  } else if (out_taken_ > out_.size() / 2) {
    for (Cut& one : cuts_) one.at -= out_taken_;
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(out_taken_));
    out_taken_ = 0;
  }
}

}  // namespace uncork::http2
