#include "cli/event_feed.hpp"

#include "cli/output.hpp"
#include "core/count.hpp"
#include "core/json.hpp"
#include "report/event_line.hpp"
#include "report/verdict_json.hpp"

namespace uncork::cli {

core::Status EventFeed::take(core::Micros timeout) {
  const auto taken = witness_.read_events(timeout, [this](const probe::SocketEvent& event) {
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back(event);
    } else {
      ++dropped_;
    }
  });
  if (!taken) return core::fail(taken.error());
  return {};
}

std::string EventFeed::take_lines(const probe::ConnectionBoard& board) {
  std::string lines;
  for (const probe::SocketEvent& event : waiting_) {
    const stall::ConnectionEnd* where = board.end_of(event.cookie);
    if (where == nullptr) continue;
    lines += json_ ? report::json_line(report::event_json(event.event, *where)) : report::event_text(event.event, *where);
  }
  waiting_.clear();
  if (dropped_ != 0)
    say("uncork watch: {} dropped: more than {} between two looks\n", core::count_of(dropped_, "event"), kMostWaiting);
  dropped_ = 0;
  return lines;
}

}  // namespace uncork::cli
