// What a session does when nothing comes.

#include <algorithm>
#include <utility>

#include "http2/session/session.hpp"

namespace uncork::http2 {
namespace {

constexpr std::chrono::seconds kSweep{1};

}  // namespace

// A client whose GOAWAY has come opens no more streams (RFC 9113 6.8): it is given the time to end the connection itself.
std::chrono::milliseconds Session::idle_limit() const noexcept {
  constexpr std::chrono::seconds kFarewell{1};
  const std::chrono::milliseconds usual = options_.limits.idle_timeout;
  return side_ == Side::server && has_goaway_ ? std::min<std::chrono::milliseconds>(usual, kFarewell) : usual;
}

time_point Session::deadline() const noexcept {
  if (is_over_) return time_point::max();
  const limits& most = options_.limits;
  time_point next = time_point::max();
  if (!has_settings_) next = std::min(next, begun_ + most.preface_timeout);
  if (has_settings_ && !are_settings_taken_) next = std::min(next, begun_ + most.settings_timeout);
  if (block_.stream != 0) next = std::min(next, block_.since + most.block_timeout);
  if (streams_.size() != 0 || !is_tidy_ || (is_shutting_down_ && !is_last_told_)) next = std::min(next, swept_ + kSweep);
  if (streams_.size() == 0) next = std::min(next, idle_since_ + idle_limit());
  return next;
}

void Session::on_time(time_point now) {
  now_ = now;
  if (is_over_) return;
  const limits& most = options_.limits;
  if (!has_settings_ && now - begun_ >= most.preface_timeout) {
    ++counts_.preface_timeouts;
    return fail(errc::protocol_error, "no SETTINGS came");
  }
  if (has_settings_ && !are_settings_taken_ && now - begun_ >= most.settings_timeout) {
    ++counts_.settings_timeouts;
    return fail(errc::settings_timeout, "SETTINGS were not acknowledged");
  }
  if (block_.stream != 0 && now - block_.since >= most.block_timeout) {
    ++counts_.block_timeouts;
    return calm("a field block that does not end");
  }
  if (streams_.size() == 0 && now - idle_since_ >= idle_limit()) {
    ++counts_.idle_timeouts;
    return terminate(errc::no_error, "idle");
  }
  if (now - swept_ < kSweep) return;
  // A peer that does not answer the PING of a graceful end is not waited for.
  // It has a whole sweep: the first may come at once.
  if (is_shutting_down_ && !is_last_told_ && std::exchange(is_grace_begun_, true)) finish_shutdown();
  swept_ = now;
  sweep();
  if (streams_.size() == 0 && !is_tidy_) tidy();
  tell_budget();
}

// The last of many may be the one too many, after which nothing follows the GOAWAY.
void Session::sweep() {
  std::vector<std::pair<stream_id, std::uint64_t*>> ended;
  streams_.each([&](Stream& s) {
    if (has_stalled(s)) {
      ended.emplace_back(s.id, &counts_.stalled);
    } else if (has_rested(s)) {
      ended.emplace_back(s.id, &counts_.rested);
    }
  });
  for (const auto& [id, counter] : ended) {
    if (is_over_) return;
    ++*counter;
    fail_stream(id, errc::cancel);
  }
}

// Progress is bytes, and enough of them: window updates of one byte are none. A request of unknown length may rest, as a stream
// of messages does between two of them; see has_rested().
bool Session::has_stalled(Stream& s) const {
  const bool has_to_send = s.sends && (s.has_body() || s.wants_room);
  const bool has_to_come = s.receives && s.unconsumed == 0 && s.facts.content_length && !s.facts.is_connect;
  const auto begin_anew = [&] {
    s.progress_since = now_;
    s.all_sent_before = counts_.body_bytes_sent;
    s.moved_before = s.moved;
  };
  if (!has_to_send && !has_to_come) {
    begin_anew();
    return false;
  }
  if (now_ - s.progress_since < options_.limits.stall_timeout) return false;
  // While the others' bodies move as fast as all must, and its own window is open, it waits for its turn and not for the peer.
  const bool waits_for_its_turn =
      has_to_send && !has_to_come && s.send_window > 0 &&
      counts_.body_bytes_sent - s.all_sent_before >= std::uint64_t{options_.limits.least_progress} * streams_.size();
  const bool has_moved = s.moved - s.moved_before >= options_.limits.least_progress;
  begin_anew();
  return !has_moved && !waits_for_its_turn;
}

// Only what the peer owes counts: a client's response may be as slow as its request is hard, and an owner that does not consume
// is to blame itself.
bool Session::has_rested(Stream& s) const noexcept {
  const bool has_to_come = side_ == Side::server && s.receives && s.unconsumed == 0 && !s.facts.content_length;
  if (!has_to_come || s.may_rest || s.facts.is_connect || s.moved != s.moved_at_rest) {
    s.moved_at_rest = s.moved;
    s.rests_since = now_;
    return false;
  }
  return options_.limits.body_timeout.count() > 0 && now_ - s.rests_since >= options_.limits.body_timeout;
}

/// A connection that rests holds no more than it must.
void Session::tidy() {
  is_tidy_ = true;
  if (output_size() == 0) {
    out_ = byte_vector();  // not {}, which keeps the memory
    out_taken_ = 0;
  }
  if (block_.stream == 0) block_.bytes = byte_vector();
  if (header_taken_ < kFrameHeaderBytes) payload_ = byte_vector();
  if (events_taken_ == events_.size()) {
    events_ = std::vector<Event>();
    events_taken_ = 0;
  }
  early_priorities_.clear();
  reset_streams_.shrink_to_fit();
  scratch_ = fields();
  scheduler_ = Scheduler();
  streams_ = StreamTable();
}

}  // namespace uncork::http2
