#include "http2/session/scheduler.hpp"

#include <algorithm>

namespace uncork::http2 {

void Scheduler::add(stream_id id, const Priority& how) {
  Level& at = levels_[how.urgency];
  if (how.incremental) {
    at.incremental.push_back(id);
  } else {
    at.whole.insert(std::ranges::lower_bound(at.whole, id), id);
  }
  ++count_;
}

void Scheduler::remove(stream_id id, const Priority& how) noexcept {
  Level& at = levels_[how.urgency];
  count_ -= how.incremental ? std::erase(at.incremental, id) : std::erase(at.whole, id);
}

stream_id Scheduler::take() noexcept {
  --count_;
  Level& at = *std::ranges::find_if(levels_, [](const Level& one) { return !one.whole.empty() || !one.incremental.empty(); });
  at.was_whole = !at.whole.empty() && (at.incremental.empty() || !at.was_whole);
  std::vector<stream_id>& from = at.was_whole ? at.whole : at.incremental;
  const stream_id id = from.front();
  from.erase(from.begin());
  return id;
}

}  // namespace uncork::http2
