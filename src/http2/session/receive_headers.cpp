// Field blocks: gathered, decoded, judged.

#include <algorithm>

#include "http2/session/session.hpp"

namespace uncork::http2 {

void Session::on_headers(byte_span payload) {
  if (header_.stream == 0) return fail(errc::protocol_error, "HEADERS on stream 0");
  const bool may_open = side_ == Side::server && is_peers(header_.stream);
  if (is_idle(header_.stream) && !may_open) return fail(errc::protocol_error, "HEADERS on a stream that the peer may not open");
  block_ = {.stream = header_.stream,
            .end_stream = header_.has(frame_flag::kEndStream),
            .depends_on_itself = false,
            .frames = 0,
            .since = now_,
            .bytes = std::move(block_.bytes)};
  if (header_.has(frame_flag::kPriority)) {
    const byte_span fields = payload.subspan(std::min<std::size_t>(payload.size(), header_.has(frame_flag::kPadded) ? 1 : 0));
    block_.depends_on_itself = fields.size() >= 4 && (load_big_endian(fields.first(4)) & kMostStreamId) == header_.stream;
  }
  if (const errc error = strip_padding(header_, payload); error != errc::no_error)
    return fail(error, "HEADERS with wrong padding");
  if (payload.size() > options_.limits.block_bytes) {
    ++counts_.blocks_too_long;
    return calm("a field block that is too long");
  }
  if (header_.has(frame_flag::kEndHeaders)) return on_block(payload);
  block_.bytes.assign(payload.begin(), payload.end());
}

void Session::on_continuation(byte_span payload) {
  if (block_.stream == 0) return fail(errc::protocol_error, "CONTINUATION without HEADERS");
  if (++block_.frames > options_.limits.block_frames) {
    ++counts_.blocks_of_too_many;
    return calm("too many CONTINUATIONs");
  }
  if (block_.bytes.size() + payload.size() > options_.limits.block_bytes) {
    ++counts_.blocks_too_long;
    return calm("a field block that is too long");
  }
  block_.bytes.insert(block_.bytes.end(), payload.begin(), payload.end());
  if (!header_.has(frame_flag::kEndHeaders)) return;
  byte_vector whole = std::move(block_.bytes);
  on_block(whole);
  whole.clear();
  block_.bytes = std::move(whole);
}

// Whatever becomes of the stream, the block must be decoded: the table is the connection's (RFC 9113 4.3).
void Session::on_block(byte_span bytes) {
  const stream_id id = std::exchange(block_.stream, 0);
  Stream* s = streams_.find(id);
  if (s != nullptr && s->receives) return on_further_block(*s, bytes);
  if (s == nullptr && is_idle(id)) return on_new_stream(id, bytes);
  on_closed_stream(id, bytes);
}

bool Session::decode(byte_span bytes, fields& into, DecodedBlock& done) {
  into.clear();
  done = decoder_.decode(bytes, options_.limits.fields, into);
  if (!done.as_before) last_judged_.reset();
  if (done.error != errc::no_error) fail(done.error, "a field block that cannot be decoded");
  return !is_over_;
}

void Session::on_closed_stream(stream_id id, byte_span bytes) {
  DecodedBlock done;
  if (!decode(bytes, scratch_, done)) return;
  if (reset_streams_.has(id)) {
    ++counts_.late_frames;
    if (!late_headers_.take(now_)) calm("too many header sections for streams that were reset");
  } else if (streams_.find(id) != nullptr) {
    fail_stream(id, errc::stream_closed);
  } else if (is_peers(id) && !was_used(id)) {
    fail(errc::protocol_error, "a stream lower than one that was opened before");
  } else {
    fail(errc::stream_closed, "HEADERS on a closed stream");
  }
}

/// Nothing has been done with it, so that the peer may try it again (RFC 9113 8.7).
void Session::refuse(stream_id id) {
  ++counts_.refused_streams;
  put_reset(id, errc::refused_stream);
}

void Session::on_new_stream(stream_id id, byte_span bytes) {
  DecodedBlock done;
  const bool is_beyond_budget = share_.is_scarce() && share_.room(memory()) == 0;
  if (is_last_told_ || is_beyond_budget || streams_.size() >= options_.limits.concurrent_streams) {
    if (!decode(bytes, scratch_, done)) return;
    if (is_last_told_) {  // beyond the last that is processed: the peer knows, or soon will
      ++counts_.late_frames;
      if (!late_headers_.take(now_)) calm("too many requests behind GOAWAY");
      return;
    }
    note_used(id);
    refuse(id);
    if (streams_.size() < options_.limits.concurrent_streams) {
      ++counts_.refused_for_budget;  // the others are to blame for it
    } else if (!provoked_.take(now_)) {
      calm("too many streams beyond MAX_CONCURRENT_STREAMS");
    }
    return;
  }
  note_used(id);
  ++counts_.streams;
  window_updates_.add(2);  // of it and of the connection, for an answer that may have no DATA
  Stream& s = streams_.insert(id);
  s.receives = s.sends = true;
  s.receive_window = are_settings_taken_ ? options_.stream_window : std::max(options_.stream_window, kDefaultWindow);
  s.send_window = peer_stream_window_;
  s.progress_since = s.rests_since = now_;
  s.all_sent_before = counts_.body_bytes_sent;
  if (!early_priorities_.empty()) {
    const auto found = std::ranges::find(early_priorities_, id, &std::pair<stream_id, Priority>::first);
    if (found != early_priorities_.end()) {
      s.priority = found->second;
      early_priorities_.erase(found);
    }
  }
  if (!decode(bytes, s.message, done)) return;
  if (!done.too_large && !hold_fields(s, true)) return;  // what is too large is not held in any case
  if (block_.depends_on_itself) return fail_stream(id, errc::protocol_error);
  judge_message(s, done);
}

// Trailers, or a response.
void Session::on_further_block(Stream& s, byte_span bytes) {
  DecodedBlock done;
  if (!decode(bytes, s.message, done) || !hold_fields(s, false)) return;
  if (block_.depends_on_itself) return fail_stream(s.id, errc::protocol_error);
  if (!s.has_message) return judge_message(s, done);
  std::string_view why;
  if (!block_.end_stream || !done.well_formed || !judge_trailers(s.message, why) || !judge_length(s, true)) {
    ++counts_.malformed;
    return fail_stream(s.id, errc::protocol_error);
  }
  if (done.too_large) {
    ++counts_.too_large;
    return fail_stream(s.id, errc::enhance_your_calm);
  }
  s.receives = false;
  if (s.is_owned) tell({.what = Event::kind::trailers, .stream = s.id, .end_stream = true, .message = &s.message});
  forget_if_done(s);
}

/// Small indexed blocks become large sections (CVE-2026-49975): what all streams hold together is bounded too.
bool Session::hold_fields(Stream& s, bool is_new) {
  if (s.message.capacity() + s.lent == s.fields_held) return true;  // in memory that was held before, as spare
  streams_.recount(s);
  if (has_room_for_fields()) return true;
  ++counts_.refused_for_memory;
  s.message = fields();  // its owner may keep the stream for long, and it is nothing to keep as spare memory
  streams_.recount(s);
  if (!is_new) {
    fail_stream(s.id, errc::enhance_your_calm);
    return false;
  }
  refuse(s.id);
  close(s);
  forget_if_done(s);
  if (!provoked_.take(now_)) calm("too many requests beyond the memory of the connection");
  return false;
}

void Session::judge_message(Stream& s, const DecodedBlock& done) {
  std::string_view why;
  if (done.too_large) {
    ++counts_.too_large;
    return refuse_large(s);
  }
  const auto extended = options_.extended_connect ? ExtendedConnect::allowed : ExtendedConnect::refused;
  const auto facts = !done.well_formed       ? std::nullopt
                     : last_judged_          ? last_judged_
                     : side_ == Side::server ? judge_request(s.message, extended, why)
                                             : judge_response(s.message, why);
  last_judged_ = facts;
  const bool is_interim = facts && side_ == Side::client && facts->status < 200;
  if (!facts || (is_interim && block_.end_stream)) {
    ++counts_.malformed;
    return fail_stream(s.id, errc::protocol_error);
  }
  if (is_interim) {
    s.facts.status = facts->status;
    return tell({.what = Event::kind::interim, .stream = s.id, .message = &s.message, .facts = &s.facts});
  }
  const bool asked_by_head = side_ == Side::client && s.facts.is_head;
  const bool asked_to_connect = side_ == Side::client && s.facts.is_connect && facts->status < 300;
  s.facts = *facts;
  s.facts.is_head |= asked_by_head;
  s.facts.is_connect |= asked_to_connect;
  s.has_message = true;
  if (block_.end_stream && !judge_length(s, true)) {
    ++counts_.malformed;
    return fail_stream(s.id, errc::protocol_error);
  }
  s.receives = !block_.end_stream;
  if (side_ == Side::server) {
    s.is_owned = true;
    if (const auto how = s.message.find(known_field::priority); how && s.priority == Priority{}) s.priority = priority_of(*how);
  }
  tell({.what = Event::kind::message, .stream = s.id, .end_stream = block_.end_stream, .message = &s.message, .facts = &s.facts});
}

/// 431, so that an honest client learns what was wrong (RFC 6585 5); it counts as a reset that the peer provoked.
void Session::refuse_large(Stream& s) {
  if (side_ == Side::client) return fail_stream(s.id, errc::enhance_your_calm);
  s.message.clear();
  fields answer;
  answer.add(":status", "431");
  put_block(s, answer, true);
  if (!block_.end_stream) put_reset(s.id, errc::no_error);
  close(s);
  forget_if_done(s);
  if (!provoked_.take(now_)) calm("too many requests that are too large");
}

}  // namespace uncork::http2
