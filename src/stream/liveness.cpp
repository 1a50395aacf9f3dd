#include "uncork/stream/liveness.hpp"

#include <algorithm>

#include "stream/require.hpp"
#include "uncork/stream/error.hpp"

namespace uncork::stream {
namespace {

/// For limits that stand for `never`.
liveness::time_point after(liveness::time_point from, liveness::duration limit) {
  return limit > liveness::time_point::max() - from ? liveness::time_point::max() : from + limit;
}

}  // namespace

liveness::liveness(const liveness_limits& limits, time_point now)
    : limits_(limits),
      interval_(limits.interval.value_or(limits.silence / 3)),
      sign_(now),
      write_clock_(now),
      waiting_since_(now),
      progress_(now),
      last_sent_(now) {
  UNCORK_REQUIRE(limits.silence > duration::zero() && limits.no_progress > duration::zero() && interval_ > duration::zero());
}

void liveness::refused(time_point now) {
  if (waiting_) return;
  if (!outstanding()) progress_ = now;
  waiting_ = true;
  waiting_since_ = now;
  write_clock_ = now;
}

void liveness::accepted(time_point now) {
  if (!waiting_) return;
  longest_wait_ = longest_wait(now);
  waiting_ = false;
  progress_ = now;
}

void liveness::acknowledged(std::uint64_t bytes_acked, std::uint64_t unacknowledged, time_point now) {
  const bool moved = bytes_acked_ && bytes_acked > *bytes_acked_;
  if (moved || !outstanding()) progress_ = now;
  bytes_acked_ = bytes_acked;
  unacknowledged_ = unacknowledged > 0;
}

void liveness::received(time_point now) { sign_ = now; }

void liveness::heartbeat_received(time_point now) {
  sign_ = now;
  if (limits_.policy == liveness_policy::heartbeat) write_clock_ = now;
}

void liveness::resume_reading(time_point now) {
  if (!reading_) sign_ = now;
  reading_ = true;
}

void liveness::frame_sent(time_point now) {
  if (now < heartbeat_due()) last_sent_ = now;
}

void liveness::heartbeat_sent(time_point now) { last_sent_ = now; }

liveness::time_point liveness::heartbeat_due() const noexcept { return after(last_sent_, interval_); }

liveness::time_point liveness::silence_deadline() const noexcept {
  return reading_ ? after(sign_, limits_.silence) : time_point::max();
}

liveness::time_point liveness::write_deadline() const noexcept {
  return waiting_ && !any_frame() ? after(write_clock_, limits_.silence) : time_point::max();
}

liveness::time_point liveness::progress_deadline() const noexcept {
  return outstanding() && any_frame() ? after(progress_, limits_.no_progress) : time_point::max();
}

liveness::time_point liveness::next_deadline() const noexcept {
  return std::min({silence_deadline(), write_deadline(), progress_deadline()});
}

liveness_clock liveness::expired(time_point now) const noexcept {
  if (now >= write_deadline()) return liveness_clock::writing;
  if (now >= silence_deadline()) return liveness_clock::silence;
  if (now >= progress_deadline()) return liveness_clock::no_progress;
  return liveness_clock::none;
}

boost::system::error_code liveness::check(time_point now) const noexcept {
  switch (expired(now)) {
    case liveness_clock::none:
      return {};
    case liveness_clock::writing:
    case liveness_clock::silence:
      return errc::peer_silent;
    case liveness_clock::no_progress:
      return errc::no_progress;
  }
  return {};
}

liveness::duration liveness::longest_wait(time_point now) const noexcept {
  return waiting_ ? std::max(longest_wait_, now - waiting_since_) : longest_wait_;
}

}  // namespace uncork::stream
